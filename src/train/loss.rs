//! What is minimised.

use burn::tensor::{Int, Tensor, activation::log_softmax};

/// Mean cross-entropy in nats: of `logits` [N, V], the scores of each symbol, against the ids that came, `targets` [N].
pub fn cross_entropy(logits: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    log_softmax(logits, 1).gather(1, targets.unsqueeze_dim(1)).mean().neg()
}

//! The layers, and how tokens go through them.

use burn::tensor::{Device, Gradients, Int, Tensor, TensorData};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Layout;
use crate::{
    protocol::{Cell, ModelConfig},
    recurrent::{self, State},
};

/// The tokens that a network reads, time-major.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// [T·B].
    ids: Tensor<1, Int>,
    /// B.
    batch: usize,
}

impl Tokens {
    /// `ids` of `batch` streams side by side, time-major.
    pub fn new(ids: &[u32], batch: usize, device: &Device) -> Self {
        Self::of(on_device(ids, device), batch)
    }

    /// The same of ids that are on the device.
    pub fn of(ids: Tensor<1, Int>, batch: usize) -> Self {
        Tokens { ids, batch }
    }
}

/// Ids as a device takes them.
pub fn on_device(ids: &[u32], device: &Device) -> Tensor<1, Int> {
    let ids: Vec<i32> = ids.iter().map(|&id| id as i32).collect();
    let length = ids.len();
    Tensor::from_data(TensorData::new(ids, [length]), &device.clone().without_autodiff())
}

/// The tensors of a model. With [`Network::tracked`] they are leaves of the graph that gradients flow back to.
#[derive(Clone, Debug)]
pub struct Network {
    config: ModelConfig,
    symbols: usize,
    layers: Vec<Layer>,
    /// [V, H]; the token table too when weights are tied.
    head_weight: Tensor<2>,
    /// [V].
    head_bias: Tensor<1>,
}

#[derive(Clone, Debug)]
struct Layer {
    /// [V, G·H] for layer 0 without tied weights, else [G·H, H].
    weight_ih: Tensor<2>,
    /// [G·H, H].
    weight_hh: Tensor<2>,
    /// [G·H].
    bias_ih: Tensor<1>,
    /// [G·H].
    bias_hh: Tensor<1>,
}

/// What a network makes of tokens.
#[derive(Clone, Debug)]
pub struct Output {
    /// Scores of the next symbol, [T·B, V], time-major: unnormalised log-odds.
    pub logits: Tensor<2>,
    /// h of every layer after every step, each [T, B, H].
    pub hidden: Vec<Tensor<3>>,
    /// The state of every layer after the last step.
    pub states: Vec<State>,
}

impl Network {
    /// The weights as they stand in the flat buffer: no copy where the device allows.
    pub fn new(layout: &Layout, flat: &Tensor<1>) -> Self {
        let mut slots = layout.slots().iter().map(|slot| {
            // The whole padded place first, so that the view ends on the alignment too.
            let place = flat.clone().narrow(0, slot.offset, slot.padded());
            let exact = if slot.padded() == slot.len() { place } else { place.narrow(0, 0, slot.len()) };
            exact.reshape([slot.rows, slot.columns])
        });
        let mut matrix = || slots.next().unwrap_or_else(|| Tensor::empty([0, 0], &flat.device()));
        let layers = (0..layout.config().layers).map(|_| Layer {
            weight_ih: matrix(),
            weight_hh: matrix(),
            bias_ih: matrix().flatten(0, 1),
            bias_hh: matrix().flatten(0, 1),
        });
        let layers = layers.collect();
        let (head_weight, head_bias) = (matrix(), matrix().flatten(0, 1));
        Network { config: layout.config().clone(), symbols: layout.symbols(), layers, head_weight, head_bias }
    }

    /// The same weights as leaves that are differentiated by.
    pub fn tracked(self) -> Self {
        let layers = self.layers.into_iter().map(|layer| Layer {
            weight_ih: layer.weight_ih.autodiff().require_grad(),
            weight_hh: layer.weight_hh.autodiff().require_grad(),
            bias_ih: layer.bias_ih.autodiff().require_grad(),
            bias_hh: layer.bias_hh.autodiff().require_grad(),
        });
        Network {
            layers: layers.collect(),
            head_weight: self.head_weight.autodiff().require_grad(),
            head_bias: self.head_bias.autodiff().require_grad(),
            ..self
        }
    }
}

impl Network {
    /// The state before anything was read, of every layer.
    pub fn zero_states(&self, batch: usize, device: &Device) -> Vec<State> {
        (0..self.layers.len()).map(|_| State::zeros(self.config.cell, batch, self.config.hidden, device)).collect()
    }

    /// Reads `tokens` from `states`, one a layer.
    ///
    /// `masks` [L − 1, T, B, H] are what [`Dropout`] multiplies h by on its way to the next layer.
    pub fn forward(&self, tokens: &Tokens, states: Vec<State>, masks: Option<Tensor<4>>) -> Output {
        let positions = tokens.ids.dims()[0];
        let batch = tokens.batch;
        let steps = positions / batch;
        let mut hidden: Vec<Tensor<3>> = Vec::with_capacity(self.layers.len());
        let mut last = Vec::with_capacity(self.layers.len());
        for (layer, state) in self.layers.iter().zip(states) {
            let (bias_ih, bias_hh) = self.biases(layer);
            let projected = match hidden.last() {
                None => self.rows(layer, tokens, bias_ih),
                Some(below) => {
                    let below = match &masks {
                        Some(masks) => below.clone() * masks.clone().narrow(0, hidden.len() - 1, 1).squeeze_dim(0),
                        None => below.clone(),
                    };
                    let product =
                        below.reshape([positions, self.config.hidden]).matmul(layer.weight_ih.clone().transpose());
                    added(product, bias_ih)
                }
            };
            let rows = self.config.cell.gates() * self.config.hidden;
            let projected = projected.reshape([steps, batch, rows]);
            let sequence = recurrent::sequence(self.config.cell, projected, state, layer.weight_hh.clone(), bias_hh);
            hidden.push(sequence.hidden);
            last.push(sequence.last);
        }
        let top = match hidden.last() {
            Some(top) => top.clone().reshape([positions, self.config.hidden]),
            None => Tensor::zeros([positions, self.config.hidden], &self.head_weight.device()),
        };
        let logits = top.matmul(self.head_weight.clone().transpose()) + self.head_bias.clone().unsqueeze();
        Output { logits, hidden, states: last }
    }

    /// What is added to the projected input, if anything, and what the recurrent product adds.
    ///
    /// In an RNN and an LSTM only the sum of the two biases matters, so it costs nothing at the input; in a GRU the reset
    /// gate stands between them.
    fn biases(&self, layer: &Layer) -> (Option<Tensor<1>>, Tensor<1>) {
        match self.config.cell {
            Cell::Gru => (Some(layer.bias_ih.clone()), layer.bias_hh.clone()),
            Cell::Rnn | Cell::Lstm => (None, layer.bias_ih.clone() + layer.bias_hh.clone()),
        }
    }

    /// Layer 0's projected input, [T·B, G·H]: one row a token.
    fn rows(&self, layer: &Layer, tokens: &Tokens, bias: Option<Tensor<1>>) -> Tensor<2> {
        let taken = |table: Tensor<2>| {
            let ids = if table.is_tracked() { tokens.ids.clone().autodiff() } else { tokens.ids.clone() };
            table.select(0, ids)
        };
        if self.config.tie_weights {
            return added(taken(self.head_weight.clone()).matmul(layer.weight_ih.clone().transpose()), bias);
        }
        // The bias goes to whatever has fewer rows: the table or what is taken from it.
        if self.symbols <= tokens.ids.dims()[0] {
            taken(added(layer.weight_ih.clone(), bias))
        } else {
            added(taken(layer.weight_ih.clone()), bias)
        }
    }

    /// Moves the gradient of every weight out of `gradients`, into one buffer of `layout`'s form.
    pub fn gradient(&self, gradients: &mut Gradients, layout: &Layout) -> Tensor<1> {
        let device = self.head_weight.device().without_autodiff();
        let mut found = Vec::with_capacity(layout.slots().len());
        for layer in &self.layers {
            found.push(layer.weight_ih.grad_remove(gradients).map(flattened));
            found.push(layer.weight_hh.grad_remove(gradients).map(flattened));
            found.push(layer.bias_ih.grad_remove(gradients));
            found.push(layer.bias_hh.grad_remove(gradients));
        }
        found.push(self.head_weight.grad_remove(gradients).map(flattened));
        found.push(self.head_bias.grad_remove(gradients));
        let mut pieces = Vec::with_capacity(found.len());
        for (slot, piece) in layout.slots().iter().zip(found) {
            let filled = if let Some(piece) = piece {
                pieces.push(piece);
                slot.len()
            } else {
                0
            };
            if filled < slot.padded() {
                pieces.push(Tensor::zeros([slot.padded() - filled], &device));
            }
        }
        Tensor::cat(pieces, 0)
    }
}

fn flattened(tensor: Tensor<2>) -> Tensor<1> {
    tensor.flatten(0, 1)
}

fn added(rows: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<2> {
    match bias {
        Some(bias) => rows + bias.unsqueeze(),
        None => rows,
    }
}

/// Drops values between two layers while training (Srivastava et al. 2014; Zaremba et al. 2014), and scales those that
/// stay so that their mean is kept.
///
/// Masks are drawn on the host, so that a seed drops the same values on every device.
#[derive(Clone, Debug)]
pub struct Dropout {
    rate: f32,
    random: ChaCha8Rng,
}

impl Dropout {
    /// `rate` is the probability of being dropped, below 1.
    pub fn new(rate: f32, seed: u64) -> Self {
        Dropout { rate, random: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// Goes on after `draws` factors were drawn.
    pub fn resumed(rate: f32, seed: u64, draws: u64) -> Self {
        let mut dropout = Dropout::new(rate, seed);
        dropout.random.set_word_pos(draws.into());
        dropout
    }

    /// Factors drawn so far: the generator's position in 32-bit words.
    pub fn draws(&self) -> u64 {
        self.random.get_word_pos() as u64
    }

    /// One factor a value.
    pub fn mask<const D: usize>(&mut self, shape: [usize; D], device: &Device) -> Tensor<D> {
        let (kept, threshold) = ((1.0 - self.rate).recip(), (f64::from(self.rate) * 4_294_967_296.0) as u32);
        let draw = |_| if self.random.next_u32() < threshold { 0.0 } else { kept };
        let values: Vec<f32> = (0..shape.iter().product::<usize>()).map(draw).collect();
        Tensor::from_data(TensorData::new(values, shape), device)
    }
}

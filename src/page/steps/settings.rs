//! The settings of the model and of its training.

mod model;
mod training;

pub use model::ModelCard;
pub use training::{TrainingCard, TrainingControl, TrainingNumber};

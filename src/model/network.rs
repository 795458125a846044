//! The layers, and how tokens go through them.

use std::sync::Arc;

use burn::tensor::{Device, Gradients, Int, Tensor, TensorData};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{
    LanguageLayout, Layout,
    compositions::Composition,
    layout::{Input, Recurrent},
    parameters::Parameters,
};
use crate::{
    linear::{Ids, affine, rows},
    protocol::Cell,
    recurrent::{self, State},
};

/// The tokens that a network reads, time-major.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// [T·B].
    ids: Ids,
    /// B.
    batch: usize,
}

impl Tokens {
    /// `ids` of `batch` streams side by side, time-major.
    pub fn new(ids: &[u32], batch: usize, device: &Device) -> Self {
        Tokens { ids: Ids::new(ids, device), batch }
    }
}

/// Ids as a device takes them.
pub fn on_device(ids: &[u32], device: &Device) -> Tensor<1, Int> {
    let ids: Vec<i32> = ids.iter().map(|&id| id as i32).collect();
    let length = ids.len();
    Tensor::from_data(TensorData::new(ids, [length]), &device.clone().without_autodiff())
}

/// A language model as a composition of tensors. With [`Network::tracked`] its weights are leaves of the graph that gradients
/// flow back to.
#[derive(Clone, Debug)]
pub struct Network {
    layout: Arc<LanguageLayout>,
    weights: Parameters,
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
    pub fn new(layout: Arc<LanguageLayout>, flat: &Tensor<1>) -> Self {
        Network { weights: Parameters::new(layout.places().clone(), flat), layout }
    }

    /// The same weights as leaves that are differentiated by.
    pub fn tracked(self) -> Self {
        Network { weights: self.weights.tracked(), ..self }
    }

    /// The state before anything was read, of every layer.
    pub fn zero_states(&self, batch: usize, device: &Device) -> Vec<State> {
        let zeros = |layer: &Recurrent| State::zeros(layer.cell, batch, layer.hidden, device);
        self.layout.layers().iter().map(zeros).collect()
    }

    /// Reads `tokens` from `states`, one a layer.
    ///
    /// `masks` [L − 1, T, B, H] are what [`Dropout`] multiplies h by on its way to the next layer.
    pub fn forward(&self, tokens: &Tokens, states: Vec<State>, masks: Option<Tensor<4>>) -> Output {
        let positions = tokens.ids.count();
        let batch = tokens.batch;
        let steps = positions / batch;
        let mut hidden: Vec<Tensor<3>> = Vec::with_capacity(states.len());
        let mut last = Vec::with_capacity(states.len());
        for (layer, state) in self.layout.layers().iter().zip(states) {
            let (bias_ih, bias_hh) = self.biases(layer);
            let projected = match hidden.last() {
                None => self.rows(layer, tokens, bias_ih),
                Some(below) => {
                    let below = match &masks {
                        Some(masks) => below.clone() * masks.clone().narrow(0, hidden.len() - 1, 1).squeeze_dim(0),
                        None => below.clone(),
                    };
                    affine(below.reshape([positions, layer.hidden]), self.weights.matrix(layer.weight_ih), bias_ih)
                }
            };
            let projected = projected.reshape([steps, batch, layer.cell.gates() * layer.hidden]);
            let weight_hh = self.weights.matrix(layer.weight_hh);
            let sequence = recurrent::sequence(layer.cell, projected, state, weight_hh, bias_hh);
            hidden.push(sequence.hidden);
            last.push(sequence.last);
        }
        let (head, width) = (self.layout.head(), self.layout.config().hidden);
        let weight = self.weights.matrix(head.weight);
        let top = match hidden.last() {
            Some(top) => top.clone().reshape([positions, width]),
            None => Tensor::zeros([positions, width], &weight.device()),
        };
        let logits = affine(top, weight, Some(self.weights.vector(head.bias)));
        Output { logits, hidden, states: last }
    }

    /// What is added to the projected input, if anything, and what the recurrent product adds.
    ///
    /// In an RNN and an LSTM only the sum of the two biases matters, so it costs nothing at the input; in a GRU the reset
    /// gate stands between them.
    fn biases(&self, layer: &Recurrent) -> (Option<Tensor<1>>, Tensor<1>) {
        let [input, recurrent] = [layer.bias_ih, layer.bias_hh].map(|id| self.weights.vector(id));
        match layer.cell {
            Cell::Gru => (Some(input), recurrent),
            Cell::Rnn | Cell::Lstm => (None, input + recurrent),
        }
    }

    /// Layer 0's projected input, [T·B, G·H]: one row a token.
    fn rows(&self, layer: &Recurrent, tokens: &Tokens, bias: Option<Tensor<1>>) -> Tensor<2> {
        let taken = |table: Tensor<2>| rows(table, &tokens.ids);
        let weight = self.weights.matrix(layer.weight_ih);
        match (layer.input, bias) {
            (Input::Features(_), bias) => affine(taken(self.weights.matrix(self.layout.head().weight)), weight, bias),
            // The bias goes to whatever has fewer rows: the table or what is taken from it.
            (Input::Symbols(symbols), Some(bias)) if symbols <= tokens.ids.count() => taken(weight + bias.unsqueeze()),
            (Input::Symbols(_), Some(bias)) => taken(weight) + bias.unsqueeze(),
            (Input::Symbols(_), None) => taken(weight),
        }
    }

    /// Moves the gradient of every weight out of `gradients`, into one buffer of the layout's form.
    pub fn gradient(&self, gradients: &mut Gradients) -> Tensor<1> {
        self.weights.gradient(gradients)
    }
}

/// A chunk of streams for [`Network::forward`].
#[derive(Clone, Debug)]
pub struct Chunk {
    pub tokens: Tokens,
    /// One a layer.
    pub states: Vec<State>,
    /// [L − 1, T, B, H].
    pub masks: Option<Tensor<4>>,
}

/// The language model as a composition like any other. [`crate::train::Trainer`] has a faster pass of its own, which is held
/// against this one.
impl Composition for Arc<LanguageLayout> {
    type Inputs = Chunk;

    fn layout(&self) -> &Arc<Layout> {
        self.places()
    }

    /// [T·B, V], time-major.
    fn scores(&self, weights: &Parameters, chunk: &Chunk) -> Tensor<2> {
        let network = Network { layout: self.clone(), weights: weights.clone() };
        network.forward(&chunk.tokens, chunk.states.clone(), chunk.masks.clone()).logits
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

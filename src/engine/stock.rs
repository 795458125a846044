//! The LSTM that comes with burn, to measure ours against. Nothing else uses it.

use burn::{
    module::Module,
    nn::{Linear, LinearConfig, Lstm, LstmConfig, LstmState, loss::CrossEntropyLossConfig},
    optim::{AdamConfig, GradientsParams, ModuleOptimizer},
    tensor::{Device, Int, Tensor, TensorData},
};

use futures_util::{FutureExt, future::LocalBoxFuture};

use super::gauge::{NewTrainingLoop, TrainingLoop, text};
use crate::{
    model::{on_device, read},
    protocol::Trouble,
};

const LEARNING_RATE: f64 = 2e-3;

#[derive(Module, Debug)]
struct Network {
    lstm: Lstm,
    head: Linear,
}

/// A language model of burn's own parts, learning one chunk again and again, its state carried on.
///
/// It is spared what ours does: its input is on the device already, and no gradient is clipped.
struct Stock {
    network: Network,
    optimiser: ModuleOptimizer,
    /// One-hot, [B, T, V].
    input: Tensor<3>,
    /// [B·T].
    targets: Tensor<1, Int>,
    state: Option<LstmState<2>>,
    loss: Option<Tensor<1>>,
}

/// Its training, of one layer.
pub fn training(symbols: usize, hidden: usize, device: &Device) -> NewTrainingLoop {
    let device = device.clone();
    Box::new(move |batch, context| {
        let ids = text(symbols, batch * (context + 1));
        Ok(Box::new(Stock::new(symbols, hidden, &ids, batch, &device)))
    })
}

impl TrainingLoop for Stock {
    fn learn(&mut self, steps: usize) -> LocalBoxFuture<'_, Result<(), Trouble>> {
        (0..steps).for_each(|_| self.step());
        self.flush().map(|loss| loss.map(drop)).boxed_local()
    }
}

impl Stock {
    /// `ids` are B streams of T + 1, one after the other.
    fn new(symbols: usize, hidden: usize, ids: &[u32], batch: usize, device: &Device) -> Self {
        let context = ids.len() / batch - 1;
        let device = device.clone().autodiff();
        let streams = || ids.chunks(context + 1);
        let targets: Vec<u32> = streams().flat_map(|stream| &stream[1..]).copied().collect();
        let mut input = vec![0.0f32; batch * context * symbols];
        for (row, &id) in input.chunks_mut(symbols).zip(streams().flat_map(|stream| &stream[..context])) {
            row[id as usize] = 1.0;
        }
        Stock {
            network: Network {
                lstm: LstmConfig::new(symbols, hidden, true).init(&device),
                head: LinearConfig::new(hidden, symbols).init(&device),
            },
            optimiser: AdamConfig::new().init(),
            input: Tensor::from_data(TensorData::new(input, [batch, context, symbols]), &device),
            targets: on_device(&targets, &device).autodiff(),
            state: None,
            loss: None,
        }
    }

    fn step(&mut self) {
        let (hidden, state) = self.network.lstm.forward(self.input.clone(), self.state.take());
        let logits = self.network.head.forward(hidden).flatten::<2>(0, 1);
        let loss = CrossEntropyLossConfig::new().init(&logits.device()).forward(logits, self.targets.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &self.network);
        self.network = self.optimiser.step(LEARNING_RATE, self.network.clone(), gradients);
        self.state = Some(LstmState::new(state.cell.detach(), state.hidden.detach()));
        self.loss = Some(loss.inner());
    }

    /// Waits until the device has done every step, and gives the last one's loss.
    ///
    /// # Errors
    /// `DeviceLost`.
    async fn flush(&mut self) -> Result<Option<f32>, Trouble> {
        let Some(loss) = self.loss.take() else { return Ok(None) };
        Ok(read(loss).await?.first().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stock_model_learns() {
        let ids: Vec<u32> = (0..2 * 9).map(|index| index % 5).collect();
        let mut stock = Stock::new(5, 16, &ids, 2, &Device::flex());
        let mut loss = || {
            stock.step();
            pollster::block_on(stock.flush()).unwrap().unwrap()
        };
        let first = loss();
        let last = (0..100).map(|_| loss()).last().unwrap();
        assert!((first - 5f32.ln()).abs() < 0.5 && last < 0.5 * first, "{first} {last}");
    }
}

//! Figures that a device computed, brought to the host without waiting for every step.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use burn::tensor::{Device, ExecutionError, Tensor, TensorData, Transaction};

use web_time::{Duration, Instant};

use crate::protocol::Trouble;

/// Reads under way before the trainer waits: what holds the queue of a GPU back.
const READS_UNDER_WAY: usize = 2;
/// The longest that a read from a GPU should take to arrive, and with it a pause to act.
const PATIENCE: Duration = Duration::from_millis(80);
/// The most steps that are read together.
const MOST_STEPS: usize = 64;

/// What a step tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepFigures {
    /// From 1.
    pub step: u64,
    /// Mean over the chunk, nats a token, before the step.
    pub loss: f32,
    /// Of the gradient before clipping.
    pub grad_norm: f32,
    pub learning_rate: f64,
}

/// Losses and norms on their way from the device, oldest first.
pub struct Readback {
    /// Steps that are read together; on the CPU, which has no queue, always one.
    steps_a_read: usize,
    paced: bool,
    waiting: Vec<OnDevice>,
    under_way: VecDeque<Read>,
}

struct OnDevice {
    step: u64,
    learning_rate: f64,
    loss: Tensor<1>,
    /// Of the gradient.
    squared_norm: Tensor<1>,
}

struct Read {
    /// Step and learning rate of each.
    steps: Vec<(u64, f64)>,
    sent: Instant,
    data: Pin<Box<dyn Future<Output = Result<Vec<TensorData>, ExecutionError>>>>,
}

impl Readback {
    pub fn new(device: &Device) -> Self {
        Readback { steps_a_read: 1, paced: *device != Device::flex(), waiting: Vec::new(), under_way: VecDeque::new() }
    }

    /// Hands over a step's figures, and takes those that have arrived.
    ///
    /// # Errors
    /// `DeviceLost`.
    pub async fn push(
        &mut self,
        step: u64,
        learning_rate: f64,
        loss: Tensor<1>,
        squared_norm: Tensor<1>,
    ) -> Result<Vec<StepFigures>, Trouble> {
        self.waiting.push(OnDevice { step, learning_rate, loss, squared_norm });
        let mut arrived = Vec::new();
        if self.waiting.len() >= self.steps_a_read {
            if self.under_way.len() >= READS_UNDER_WAY {
                self.wait_for_one(&mut arrived).await?;
            }
            self.send();
        }
        while let Some(mut read) = self.under_way.pop_front() {
            match read.data.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(data) => self.arrive(read.sent, &read.steps, data, &mut arrived)?,
                Poll::Pending => {
                    self.under_way.push_front(read);
                    break;
                }
            }
        }
        Ok(arrived)
    }

    /// Waits for all figures that were handed over.
    ///
    /// # Errors
    /// `DeviceLost`.
    pub async fn flush(&mut self) -> Result<Vec<StepFigures>, Trouble> {
        let mut arrived = Vec::new();
        if !self.waiting.is_empty() {
            self.send();
        }
        while !self.under_way.is_empty() {
            self.wait_for_one(&mut arrived).await?;
        }
        Ok(arrived)
    }

    /// Drops what has not arrived.
    pub fn clear(&mut self) {
        self.waiting.clear();
        self.under_way.clear();
    }

    /// Reads more steps together while reads arrive soon, fewer when they are late.
    fn pace(&mut self, sent: Instant) {
        let time = sent.elapsed();
        self.steps_a_read = match self.paced {
            true if time > PATIENCE => self.steps_a_read / 2,
            true if time < PATIENCE / 2 => self.steps_a_read + 1,
            _ => self.steps_a_read,
        };
        self.steps_a_read = self.steps_a_read.clamp(1, MOST_STEPS);
    }

    fn send(&mut self) {
        let mut steps = Vec::with_capacity(self.waiting.len());
        let mut transaction = Transaction::default();
        for waiting in self.waiting.drain(..) {
            steps.push((waiting.step, waiting.learning_rate));
            transaction = transaction.register(waiting.loss).register(waiting.squared_norm);
        }
        self.under_way.push_back(Read { steps, sent: Instant::now(), data: Box::pin(transaction.execute_async()) });
    }

    async fn wait_for_one(&mut self, arrived: &mut Vec<StepFigures>) -> Result<(), Trouble> {
        match self.under_way.pop_front() {
            Some(Read { steps, sent, data }) => self.arrive(sent, &steps, data.await, arrived),
            None => Ok(()),
        }
    }

    fn arrive(
        &mut self,
        sent: Instant,
        steps: &[(u64, f64)],
        data: Result<Vec<TensorData>, ExecutionError>,
        arrived: &mut Vec<StepFigures>,
    ) -> Result<(), Trouble> {
        self.pace(sent);
        arrived.extend(figures(steps, data)?);
        Ok(())
    }
}

fn figures(steps: &[(u64, f64)], data: Result<Vec<TensorData>, ExecutionError>) -> Result<Vec<StepFigures>, Trouble> {
    let data = data.map_err(|error| Trouble::DeviceLost { reason: error.to_string() })?;
    // A figure that is not there shows as no number, which stops the run.
    let number = |data: &TensorData| data.iter::<f32>().next().unwrap_or(f32::NAN);
    let numbers: Vec<f32> = data.iter().map(number).collect();
    let of_step = steps.iter().zip(numbers.chunks(2)).map(|(&(step, learning_rate), numbers)| {
        let [loss, squared_norm] = <[f32; 2]>::try_from(numbers).unwrap_or([f32::NAN; 2]);
        StepFigures { step, loss, grad_norm: squared_norm.sqrt(), learning_rate }
    });
    Ok(of_step.collect())
}

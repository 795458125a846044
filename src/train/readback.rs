//! Figures that a device computed, brought to the host without waiting for every step.

use std::collections::VecDeque;

use burn::tensor::{Device, Tensor};

use web_time::{Duration, Instant};

use crate::{model::PendingRead, protocol::Trouble};

/// Reads under way before the trainer waits: what holds the queue of a GPU back.
const READS_UNDER_WAY: usize = 2;
/// The longest that a read from a GPU should take to arrive, and with it a pause to act.
const PATIENCE: Duration = Duration::from_millis(80);
/// Steps of a GPU that are read together: no fewer, or reading slows it down; no more, or the chart comes in jerks.
const FEWEST_STEPS: usize = 10;
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
    device: Device,
    /// Steps that are read together; on the CPU, which has no queue, always one.
    steps_a_read: usize,
    paced: bool,
    /// What the steps that were not sent for yet have written, and their numbers and learning rates.
    figures: Tensor<2>,
    written: Vec<(u64, f64)>,
    under_way: VecDeque<SentRead>,
}

/// Where a step writes its figures on the device.
#[derive(Debug)]
pub struct Ring {
    /// The loss and the square of the gradient's norm of each step, [`MOST_STEPS`, 2].
    pub figures: Tensor<2>,
    /// The step's row.
    pub slot: usize,
}

struct SentRead {
    /// Step and learning rate of each.
    steps: Vec<(u64, f64)>,
    sent: Instant,
    figures: PendingRead,
}

impl Readback {
    pub fn new(device: &Device) -> Self {
        let paced = *device != Device::flex();
        Readback {
            device: device.clone(),
            steps_a_read: if paced { FEWEST_STEPS } else { 1 },
            paced,
            figures: ring(device),
            written: Vec::new(),
            under_way: VecDeque::new(),
        }
    }

    /// Lends the ring to the step that comes next; [`Readback::push`] takes it back.
    pub fn lend(&mut self, step: u64, learning_rate: f64) -> Ring {
        self.written.push((step, learning_rate));
        Ring { figures: self.figures.extract(), slot: self.written.len() - 1 }
    }

    /// Takes the ring back, and hands out the figures that have arrived.
    ///
    /// # Errors
    /// `DeviceLost`.
    pub async fn push(&mut self, ring: Ring) -> Result<Vec<StepFigures>, Trouble> {
        self.figures = ring.figures;
        let mut arrived = Vec::new();
        if self.written.len() >= self.steps_a_read {
            if self.under_way.len() >= READS_UNDER_WAY {
                self.take_oldest(&mut arrived).await?;
            }
            self.send();
        }
        while self.under_way.front_mut().is_some_and(|oldest| oldest.figures.has_arrived()) {
            self.take_oldest(&mut arrived).await?;
        }
        Ok(arrived)
    }

    /// Waits for all figures that were handed over.
    ///
    /// # Errors
    /// `DeviceLost`.
    pub async fn flush(&mut self) -> Result<Vec<StepFigures>, Trouble> {
        let mut arrived = Vec::new();
        if !self.written.is_empty() {
            self.send();
        }
        while !self.under_way.is_empty() {
            self.take_oldest(&mut arrived).await?;
        }
        Ok(arrived)
    }

    /// Forgets the figures that have not arrived.
    pub fn clear(&mut self) {
        self.written.clear();
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
        self.steps_a_read = self.steps_a_read.clamp(if self.paced { FEWEST_STEPS } else { 1 }, MOST_STEPS);
    }

    fn send(&mut self) {
        // The next steps write elsewhere, so that this read does not make them copy.
        let figures = std::mem::replace(&mut self.figures, ring(&self.device));
        let steps = std::mem::take(&mut self.written);
        self.under_way.push_back(SentRead { steps, sent: Instant::now(), figures: PendingRead::start(figures) });
    }

    /// Waits for the read that was sent first, if there is one.
    async fn take_oldest(&mut self, arrived: &mut Vec<StepFigures>) -> Result<(), Trouble> {
        let Some(SentRead { steps, sent, figures }) = self.under_way.pop_front() else { return Ok(()) };
        let numbers = figures.await?;
        self.pace(sent);
        let of_step = steps.into_iter().zip(numbers.chunks_exact(2));
        arrived.extend(of_step.map(|((step, learning_rate), numbers)| StepFigures {
            step,
            loss: numbers[0],
            grad_norm: numbers[1].sqrt(),
            learning_rate,
        }));
        Ok(())
    }
}

/// A ring with nothing in it.
fn ring(device: &Device) -> Tensor<2> {
    Tensor::empty([MOST_STEPS, 2], device)
}

//! How fast a model learns on a device, found out in slices of a fraction of a second.

use std::{pin::pin, sync::Arc};

use burn::tensor::Device;
use futures_util::{
    FutureExt,
    future::{Either, LocalBoxFuture, select},
};
use web_time::{Duration, Instant};

use super::device::sleep;
use crate::{
    model::LanguageModel,
    protocol::{Init, ModelConfig, TrainConfig, Trouble},
    train::Trainer,
};

/// Once a step takes longer than this, the context grows no more.
const LONG_STEP: Duration = Duration::from_millis(50);
/// Steps are timed together, twice as many each time, until they take this long: a GPU is only as fast as that many
/// steps under way make it.
const GROUP: Duration = Duration::from_millis(60);
/// Chunks that the text is made of.
const CHUNKS: usize = 4;

/// What learns a text of its own.
pub trait TrainingLoop {
    /// Takes so many steps, and waits until the device has done them.
    fn learn(&mut self, steps: usize) -> LocalBoxFuture<'_, Result<(), Trouble>>;
}

/// Makes a training for a batch and a context.
pub type NewTrainingLoop = Box<dyn Fn(usize, usize) -> Result<Box<dyn TrainingLoop>, Trouble>>;

/// Our training.
pub fn ours(model: LanguageModel) -> NewTrainingLoop {
    Box::new(move |batch, context| {
        let ids = text(model.symbols(), CHUNKS * batch * context + 1);
        let train = TrainConfig { batch, context, ..TrainConfig::default() };
        Ok(Box::new(Trainer::new(model.clone(), ids, train)?))
    })
}

impl TrainingLoop for Trainer {
    fn learn(&mut self, steps: usize) -> LocalBoxFuture<'_, Result<(), Trouble>> {
        let learning = async move {
            for _ in 0..steps {
                self.step().await?;
            }
            self.flush().await.map(drop)
        };
        learning.boxed_local()
    }
}

/// A measurement under way: contexts of 1, 2, 4, … up to the real one, of which the last one that is not too slow counts. So a
/// device on which a step of full size takes seconds costs no more time than a fast one.
pub struct Gauge {
    new_training: NewTrainingLoop,
    batch: usize,
    /// Of a step of full size.
    context: usize,
    effort: Effort,
    /// The context of the steps that are timed at present.
    tried: usize,
    training: Option<Box<dyn TrainingLoop>>,
    /// Time that first steps took, in which a device gets ready.
    getting_ready: Duration,
    /// Steps in the next group.
    group: usize,
    timed: Duration,
    best: f64,
}

/// How much time a measurement may take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// For the device to get ready.
    pub patience: Duration,
    /// For which the last context is timed again and again. The best time counts: another program may have been in the
    /// way of the others, and a browser makes a program faster while it runs.
    pub timed: Duration,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    pub tokens_per_second: f64,
    /// Time steps of the chunks that were timed.
    pub context: usize,
    /// Getting ready took all the patience there was: the speed is that of the first step.
    pub gave_up: bool,
}

impl Gauge {
    pub fn new(new_training: NewTrainingLoop, batch: usize, context: usize, effort: Effort) -> Self {
        Gauge {
            new_training,
            batch,
            context,
            effort,
            tried: 1,
            training: None,
            getting_ready: Duration::ZERO,
            group: 1,
            timed: Duration::ZERO,
            best: 0.0,
        }
    }

    /// Our model of these settings on `device`.
    pub fn of_model(model: &ModelConfig, symbols: usize, train: &TrainConfig, device: &Device, effort: Effort) -> Self {
        // A step takes as long whatever the numbers are, and orthogonal ones take long to draw.
        let model = ModelConfig { init: Init::Pytorch, ..model.clone() };
        Gauge::new(ours(LanguageModel::new(&model, symbols, device)), train.batch, train.context, effort)
    }

    /// A slice; after the last one what was found.
    ///
    /// # Errors
    /// `DeviceLost`.
    pub async fn advance(&mut self) -> Result<Option<Reading>, Trouble> {
        let Some(training) = &mut self.training else { return self.get_ready().await };
        let started = Instant::now();
        training.learn(self.group).await?;
        let time = started.elapsed();
        let step = time / self.group as u32;
        if step <= LONG_STEP && self.tried < self.context {
            self.lengthen(step);
            return Ok(None);
        }
        // A shorter time says little: the clock of a browser has a grain.
        if time >= GROUP / 4 {
            self.best = self.best.max(self.speed(self.group, time));
        }
        self.timed += time;
        if time < GROUP {
            self.group *= 2;
        }
        Ok((self.timed >= self.effort.timed && self.best > 0.0).then(|| self.reading(self.best, false)))
    }

    /// The first step of a context compiles what the others use.
    async fn get_ready(&mut self) -> Result<Option<Reading>, Trouble> {
        let started = Instant::now();
        let left = self.effort.patience.saturating_sub(self.getting_ready);
        let mut training = (self.new_training)(self.batch, self.tried)?;
        let learning = async move { training.learn(1).await.map(|()| training) };
        match select(learning.boxed_local(), pin!(sleep(left))).await {
            Either::Left((training, _)) => self.training = Some(training?),
            Either::Right(((), learning)) => drop(learning),
        }
        let time = started.elapsed();
        self.getting_ready += time;
        let gave_up = self.training.is_none() || self.getting_ready > self.effort.patience;
        Ok(gave_up.then(|| self.reading(self.speed(1, time), true)))
    }

    /// To the next context, past those whose steps would be short as well. What was timed so far counts no more.
    fn lengthen(&mut self, step: Duration) {
        let room = 2.0 * LONG_STEP.as_secs_f64() / step.as_secs_f64().max(1e-6);
        let most = (self.tried as f64 * room) as usize;
        // Powers of two, or the real context.
        self.tried = if most >= self.context { self.context } else { 1 << most.max(2).ilog2() };
        self.training = None;
        self.group = 1;
        self.timed = Duration::ZERO;
        self.best = 0.0;
    }

    fn speed(&self, steps: usize, time: Duration) -> f64 {
        (steps * self.batch * self.tried) as f64 / time.as_secs_f64().max(1e-6)
    }

    fn reading(&self, tokens_per_second: f64, gave_up: bool) -> Reading {
        Reading { tokens_per_second, context: self.tried, gave_up }
    }
}

/// Ids without any order: a multiplicative hash of their positions (Knuth).
pub fn text(symbols: usize, length: usize) -> Arc<[u32]> {
    (0..length as u32).map(|position| (position.wrapping_mul(2_654_435_761) >> 16) % symbols.max(1) as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EFFORT: Effort = Effort { patience: Duration::MAX, timed: Duration::from_millis(200) };

    fn measure(gauge: &mut Gauge) -> (Reading, usize) {
        for slices in 1.. {
            if let Some(reading) = pollster::block_on(gauge.advance()).unwrap() {
                return (reading, slices);
            }
        }
        unreachable!()
    }

    fn small(context: usize, effort: Effort) -> Gauge {
        let model = ModelConfig { hidden: 16, ..ModelConfig::default() };
        let train = TrainConfig { batch: 4, context, ..TrainConfig::default() };
        Gauge::of_model(&model, 11, &train, &Device::flex(), effort)
    }

    #[test]
    fn a_fast_device_is_measured_at_full_size_and_within_a_second() {
        let started = Instant::now();
        let (reading, slices) = measure(&mut small(8, EFFORT));
        assert!(reading.context == 8 && !reading.gave_up && reading.tokens_per_second > 100.0, "{reading:?}");
        assert!(slices > 3, "{slices}");
        // Ten times what the fastest machine could do in that many multiplications.
        assert!(reading.tokens_per_second < 1e8, "{reading:?}");
        // Other tests share the cores.
        assert!(started.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_device_that_is_not_ready_in_time_is_given_up_after_its_first_step() {
        let (reading, slices) = measure(&mut small(8, Effort { patience: Duration::ZERO, ..EFFORT }));
        assert_eq!((reading.context, reading.gave_up, slices), (1, true, 1));
    }

    #[test]
    fn a_step_of_full_size_is_never_tried_where_a_part_of_it_is_slow() {
        let model = ModelConfig { hidden: 512, layers: 2, ..ModelConfig::default() };
        let train = TrainConfig { batch: 64, context: 512, ..TrainConfig::default() };
        let started = Instant::now();
        let mut gauge = Gauge::of_model(&model, 65, &train, &Device::flex(), EFFORT);
        let (reading, _) = measure(&mut gauge);
        assert!(reading.context < 512 && reading.tokens_per_second > 0.0, "{reading:?}");
        assert!(started.elapsed() < Duration::from_secs(20));
    }
}

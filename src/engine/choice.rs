//! `auto`: the device that learns the present model faster, found by trying.

use std::{any::Any, panic::AssertUnwindSafe};

use futures_util::FutureExt;
use web_time::Duration;

use super::{
    cause,
    device::ComputeDevice,
    gauge::{Effort, Gauge, Reading},
    memory,
};
use crate::protocol::{Cell, DeviceKind, DeviceReason, DeviceReport, ModelConfig, Speeds, TrainConfig, Trouble};

/// What a graphics adapter is given to get ready for a model, for the most part compiling.
const PATIENCE: Duration = Duration::from_secs(8);
/// The same for one that is a program on the CPU, which would hardly be the faster one.
const PATIENCE_WITH_SOFTWARE: Duration = Duration::from_secs(2);
/// The CPU compiles nothing: a first step this long is as good a measure as any.
const PATIENCE_WITH_CPU: Duration = Duration::from_secs(1);
/// A fraction of a second on each.
const TIMED: Duration = Duration::from_millis(350);

/// The two devices that a model may live on, of which the faster one is taken.
pub struct Candidates {
    cpu: ComputeDevice,
    gpu: ComputeDevice,
    /// Why the GPU is out of the question.
    failed: Option<String>,
    /// The size that was chosen for last, and the choice.
    last: Option<(Size, Choice)>,
}

/// Where a model is to live, and why.
#[derive(Clone)]
pub struct Choice {
    pub compute: ComputeDevice,
    pub report: DeviceReport,
}

/// A model of a size, and how it is trained.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    pub model: &'a ModelConfig,
    pub train: &'a TrainConfig,
    pub symbols: usize,
}

/// All that the speed depends on.
#[derive(Clone, PartialEq)]
struct Size {
    cell: Cell,
    layers: usize,
    hidden: usize,
    tie_weights: bool,
    dropout: bool,
    batch: usize,
    context: usize,
    symbols: usize,
}

impl Settings<'_> {
    fn size(self) -> Size {
        Size {
            cell: self.model.cell,
            layers: self.model.layers,
            hidden: self.model.hidden,
            tie_weights: self.model.tie_weights,
            dropout: self.model.dropout > 0.0,
            batch: self.train.batch,
            context: self.train.context,
            symbols: self.symbols,
        }
    }

    /// # Errors
    /// `TooLargeForDevice`.
    pub fn check(self, compute: &ComputeDevice) -> Result<(), Trouble> {
        memory::check(self.model, self.train, self.symbols, compute)
    }

    fn gauge(self, compute: &ComputeDevice) -> Gauge {
        let patience = match compute.kind {
            _ if compute.software => PATIENCE_WITH_SOFTWARE,
            DeviceKind::WebGpu => PATIENCE,
            DeviceKind::Cpu => PATIENCE_WITH_CPU,
        };
        Gauge::of_model(self.model, self.symbols, self.train, &compute.device, Effort { patience, timed: TIMED })
    }
}

impl Candidates {
    pub fn new(cpu: ComputeDevice, gpu: ComputeDevice) -> Self {
        Candidates { cpu, gpu, failed: None, last: None }
    }

    /// The GPU has failed: it is out of the question from here on.
    pub fn give_up_gpu(&mut self, reason: String) {
        self.failed = Some(reason);
    }

    /// Whether the choice takes a measurement.
    pub fn is_open(&self, settings: Settings<'_>) -> bool {
        self.failed.is_none()
            && self.last.as_ref().is_none_or(|(size, _)| *size != settings.size())
            && settings.check(&self.cpu).and(settings.check(&self.gpu)).is_ok()
    }

    /// Learns for a fraction of a second on each, and takes the faster one; what was chosen last where the size is the
    /// same. A GPU that fails is never tried again.
    ///
    /// # Errors
    /// `TooLargeForDevice` where the model fits neither.
    pub async fn choose(&mut self, settings: Settings<'_>) -> Result<Choice, Trouble> {
        let unmeasured = |compute: &ComputeDevice, reason| Choice::new(compute, reason, Speeds::default());
        if let Some(reason) = &self.failed {
            settings.check(&self.cpu)?;
            return Ok(unmeasured(&self.cpu, DeviceReason::Failed(reason.clone())));
        }
        if let Some((size, choice)) = &self.last
            && *size == settings.size()
        {
            return Ok(choice.clone());
        }
        let choice = match (settings.check(&self.cpu), settings.check(&self.gpu)) {
            (Ok(()), Ok(())) => self.race(settings).await,
            (Ok(()), Err(_)) => unmeasured(&self.cpu, DeviceReason::OnlyFit),
            (Err(_), Ok(())) => unmeasured(&self.gpu, DeviceReason::OnlyFit),
            (Err(trouble), Err(_)) => return Err(trouble),
        };
        self.last = Some((settings.size(), choice.clone()));
        Ok(choice)
    }

    async fn race(&mut self, settings: Settings<'_>) -> Choice {
        let cpu = self.measure_cpu(settings).await;
        // A driver may panic where burn asks too much of it. In a browser that ends the engine, and the page starts
        // another one without the GPU.
        let tried = AssertUnwindSafe(measure(&mut settings.gauge(&self.gpu))).catch_unwind().await;
        if let Ok(Ok(Reading { gave_up: true, .. })) = tried {
            return Choice::new(&self.cpu, DeviceReason::SlowStart, Speeds { gpu: None, cpu });
        }
        // Once more: a browser makes a program faster while it runs, and this may have been its first work.
        let cpu = [cpu, self.measure_cpu(settings).await].into_iter().flatten().reduce(f64::max);
        let failed = match tried {
            Ok(Ok(reading)) => {
                let gpu = reading.tokens_per_second;
                let compute = if cpu.is_none_or(|cpu| gpu > cpu) { &self.gpu } else { &self.cpu };
                return Choice::new(compute, DeviceReason::Measured, Speeds { gpu: Some(gpu), cpu });
            }
            Ok(Err(Trouble::DeviceLost { reason })) => cause(&reason).to_owned(),
            Ok(Err(trouble)) => format!("{trouble:?}"),
            Err(panic) => words(&*panic),
        };
        self.give_up_gpu(failed.clone());
        Choice::new(&self.cpu, DeviceReason::Failed(failed), Speeds { gpu: None, cpu })
    }

    async fn measure_cpu(&self, settings: Settings<'_>) -> Option<f64> {
        measure(&mut settings.gauge(&self.cpu)).await.ok().map(|reading| reading.tokens_per_second)
    }
}

impl Choice {
    fn new(compute: &ComputeDevice, reason: DeviceReason, speeds: Speeds) -> Self {
        Choice { report: compute.report(reason, speeds), compute: compute.clone() }
    }
}

async fn measure(gauge: &mut Gauge) -> Result<Reading, Trouble> {
    loop {
        if let Some(reading) = gauge.advance().await? {
            return Ok(reading);
        }
    }
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> String {
    let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    cause(said.unwrap_or_default()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::device;

    fn candidates(gpu: ComputeDevice) -> Candidates {
        Candidates::new(device::cpu(), gpu)
    }

    /// The CPU instead of a GPU.
    fn stand_in() -> ComputeDevice {
        ComputeDevice { kind: DeviceKind::WebGpu, name: "stand-in".to_owned(), ..device::cpu() }
    }

    fn choose(candidates: &mut Candidates, hidden: usize) -> Result<Choice, Trouble> {
        let model = ModelConfig { hidden, ..ModelConfig::default() };
        let train = TrainConfig { batch: 4, context: 8, ..TrainConfig::default() };
        pollster::block_on(candidates.choose(Settings { model: &model, train: &train, symbols: 11 }))
    }

    #[test]
    fn both_devices_are_measured_and_the_faster_one_is_taken() {
        let gpus = pollster::block_on(device::gpu());
        for gpu in std::iter::once(stand_in()).chain(gpus) {
            // A GPU that nobody could wait for is no matter of this test.
            let mut candidates = candidates(ComputeDevice { software: false, ..gpu });
            let Choice { compute, report } = choose(&mut candidates, 16).unwrap();
            if report.reason == DeviceReason::SlowStart {
                eprintln!("{} took too long to get ready", candidates.gpu.name);
                continue;
            }
            let (Some(gpu), Some(cpu)) = (report.speeds.gpu, report.speeds.cpu) else { panic!("{report:?}") };
            assert_eq!(report.reason, DeviceReason::Measured);
            assert_eq!(compute.kind, if gpu > cpu { DeviceKind::WebGpu } else { DeviceKind::Cpu });
            assert_eq!(report.kind, compute.kind);
        }
    }

    #[test]
    fn the_same_size_is_not_measured_again() {
        let mut candidates = candidates(stand_in());
        let first = choose(&mut candidates, 16).unwrap().report;
        assert_eq!(choose(&mut candidates, 16).unwrap().report, first);
        assert_ne!(choose(&mut candidates, 24).unwrap().report, first);
    }

    #[test]
    fn a_model_too_large_for_one_device_lives_on_the_other() {
        let mut small_gpu = candidates(ComputeDevice { total_bytes: 1000, ..stand_in() });
        let choice = choose(&mut small_gpu, 16).unwrap();
        assert_eq!((choice.compute.kind, choice.report.reason), (DeviceKind::Cpu, DeviceReason::OnlyFit));
        let mut small_cpu = Candidates::new(ComputeDevice { total_bytes: 1000, ..device::cpu() }, stand_in());
        assert_eq!(choose(&mut small_cpu, 16).unwrap().compute.kind, DeviceKind::WebGpu);
        small_cpu.gpu.total_bytes = 1000;
        assert!(matches!(choose(&mut small_cpu, 24), Err(Trouble::TooLargeForDevice { .. })));
    }

    #[test]
    fn a_gpu_that_failed_is_not_tried_again() {
        let mut candidates = candidates(stand_in());
        candidates.give_up_gpu("it was unplugged".to_owned());
        let choice = choose(&mut candidates, 16).unwrap();
        assert_eq!(choice.compute.kind, DeviceKind::Cpu);
        assert_eq!(choice.report.reason, DeviceReason::Failed("it was unplugged".to_owned()));
    }

    #[test]
    fn a_panic_is_told_by_its_words() {
        let told = |panic: Box<dyn Any + Send>| words(&*panic);
        assert_eq!(told(Box::new("out of memory")), "out of memory");
        assert_eq!(told(Box::new("the device\nis gone".to_owned())), "is gone");
    }
}

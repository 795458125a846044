//! The speed of this machine: an LSTM of several sizes, each computed in every way there is.

use std::{collections::VecDeque, panic::AssertUnwindSafe};

use futures_util::FutureExt;
use web_time::Duration;

use super::{
    device::ComputeDevice,
    gauge::{Effort, Gauge, ours},
    job::{Turn, Work},
    memory,
};
use crate::{
    model::LanguageModel,
    protocol::{DeviceKind, Event, Library, ModelConfig, SpeedFigure, SpeedReport, SpeedSize, TrainConfig},
};

/// Symbols of the text that is learned: those of Shakespeare's plays.
const SYMBOLS: usize = 65;
/// No device gets ready in an hour and is of use.
const MOST_PATIENCE: f64 = 3600.0;
/// Long enough for a browser to have made a program as fast as it gets.
const TIMED: Duration = Duration::from_millis(700);

/// burn's own is in the bench's program only: it would make the engine a tenth larger.
const LIBRARIES: &[Library] =
    if cfg!(feature = "bench") { &[Library::Unroll, Library::Burn] } else { &[Library::Unroll] };

/// The answer to `Request::MeasureSpeed`: a figure after the other, each in slices.
pub struct Measuring {
    cpu: ComputeDevice,
    gpu: Option<ComputeDevice>,
    effort: Effort,
    /// What is left to measure.
    plan: VecDeque<Way>,
    /// The first of the plan, under way.
    gauge: Option<Gauge>,
    figures: Vec<SpeedFigure>,
}

/// A way of computing a size.
#[derive(Clone, Copy)]
struct Way {
    library: Library,
    device: DeviceKind,
    /// Of the sizes.
    index: usize,
    size: SpeedSize,
}

impl Measuring {
    /// Every size on every device that is there, with every library of this program. The CPU first: a GPU that is a
    /// program on the CPU may still be at work when it was given up.
    pub fn new(cpu: ComputeDevice, gpu: Option<ComputeDevice>, sizes: Vec<SpeedSize>, patience: f64) -> Self {
        let mut plan = VecDeque::new();
        for device in std::iter::once(cpu.kind).chain(gpu.as_ref().map(|gpu| gpu.kind)) {
            for (index, &size) in sizes.iter().enumerate() {
                plan.extend(LIBRARIES.iter().map(|&library| Way { library, device, index, size }));
            }
        }
        let patience = if patience.is_finite() { patience.clamp(0.0, MOST_PATIENCE) } else { 0.0 };
        let effort = Effort { patience: Duration::from_secs_f64(patience), timed: TIMED };
        Measuring { cpu, gpu, effort, plan, gauge: None, figures: Vec::new() }
    }

    pub async fn advance(mut self) -> Turn {
        let Some(&way) = self.plan.front() else { return self.turn(false) };
        // What fails on one way leaves the others as they are; a panic too, natively. In a browser that ends the engine,
        // which is one of its own for this.
        let slice = match self.gauge.take().or_else(|| self.start(way)) {
            Some(mut gauge) => {
                let advanced = AssertUnwindSafe(gauge.advance()).catch_unwind().await;
                advanced.ok().and_then(Result::ok).map(|reading| (reading, gauge))
            }
            None => None,
        };
        let reading = match slice {
            Some((None, gauge)) => {
                self.gauge = Some(gauge);
                return Turn { events: Vec::new(), rest: Some(Work::Speed(self)) };
            }
            Some((Some(reading), _)) => Some(reading),
            None => None,
        };
        self.plan.pop_front();
        let Way { library, device, index, size } = way;
        self.figures.push(SpeedFigure {
            library,
            device,
            size: index,
            context: reading.map_or(size.context, |reading| reading.context),
            tokens_per_second: reading.filter(|reading| !reading.gave_up).map(|reading| reading.tokens_per_second),
        });
        let going = !self.plan.is_empty();
        self.turn(going)
    }

    /// What was found so far.
    pub fn report(&self, going: bool) -> SpeedReport {
        SpeedReport {
            gpu: self.gpu.as_ref().map(|gpu| gpu.name.clone()),
            cpu: self.cpu.name.clone(),
            figures: self.figures.clone(),
            planned: self.figures.len() + self.plan.len(),
            going,
        }
    }

    fn turn(self, going: bool) -> Turn {
        Turn { events: vec![Event::Speed(self.report(going))], rest: going.then_some(Work::Speed(self)) }
    }

    /// Nothing where it does not fit.
    fn start(&self, Way { library, device, size, .. }: Way) -> Option<Gauge> {
        let compute = match device {
            DeviceKind::Cpu => &self.cpu,
            DeviceKind::WebGpu => self.gpu.as_ref()?,
        };
        let SpeedSize { hidden, batch, context } = size;
        let model = ModelConfig { hidden, ..ModelConfig::default() };
        let train = TrainConfig { batch, context, ..TrainConfig::default() };
        memory::check(&model, &train, SYMBOLS, compute).ok()?;
        let training = match library {
            Library::Unroll => ours(LanguageModel::new(&model, SYMBOLS, &compute.device)),
            #[cfg(feature = "bench")]
            Library::Burn => super::stock::training(SYMBOLS, hidden, &compute.device),
            #[cfg(not(feature = "bench"))]
            Library::Burn => return None,
        };
        Some(Gauge::new(training, batch, context, self.effort))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::device;

    const SMALL: SpeedSize = SpeedSize { hidden: 8, batch: 2, context: 4 };

    /// Every report until the end.
    fn reports(measuring: Measuring) -> Vec<SpeedReport> {
        let (mut job, mut reports) = (Some(measuring), Vec::new());
        while let Some(measuring) = job {
            let turn = pollster::block_on(measuring.advance());
            reports.extend(turn.events.into_iter().filter_map(|event| match event {
                Event::Speed(report) => Some(report),
                _ => None,
            }));
            job = turn.rest.and_then(|work| match work {
                Work::Speed(measuring) => Some(measuring),
                _ => None,
            });
        }
        reports
    }

    #[test]
    fn each_way_of_computing_is_measured_and_told_as_it_is_done() {
        let gpu = pollster::block_on(device::gpu()).ok();
        let ways = if gpu.is_some() { 4 } else { 2 };
        let reports = reports(Measuring::new(device::cpu(), gpu, vec![SMALL], 120.0));
        assert_eq!(reports.len(), ways);
        for (index, report) in reports.iter().enumerate() {
            assert_eq!((report.figures.len(), report.planned, report.going), (index + 1, ways, index + 1 < ways));
        }
        for figure in &reports[ways - 1].figures {
            assert!(figure.tokens_per_second.is_some_and(|speed| speed > 1.0), "{figure:?}");
        }
    }

    #[test]
    fn what_fails_or_does_not_fit_has_no_figure_and_the_others_go_on() {
        let cpu = ComputeDevice { total_bytes: 1, ..device::cpu() };
        let gpu = ComputeDevice { kind: DeviceKind::WebGpu, ..device::cpu() };
        let reports = reports(Measuring::new(cpu, Some(gpu), vec![SMALL], f64::NAN));
        let figures = &reports.last().unwrap().figures;
        assert_eq!(figures.len(), 4);
        // No patience at all: even what fits is given up.
        assert!(figures.iter().all(|figure| figure.tokens_per_second.is_none()), "{figures:?}");
    }

    #[test]
    fn nothing_to_measure_ends_at_once() {
        let reports = reports(Measuring::new(device::cpu(), None, Vec::new(), 1.0));
        assert_eq!(reports.len(), 1);
        assert!(!reports[0].going && reports[0].figures.is_empty());
    }
}

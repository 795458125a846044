//! The figures of training steps, gathered until it is time to show them.

use web_time::{Duration, Instant};

use crate::protocol::{Array, Event, NO_REQUEST, Parcel, Progress, RunId};

/// No more than 30 times a second.
const PERIOD: Duration = Duration::from_nanos(1_000_000_000 / 30 + 1);
/// How far back the speed looks, in seconds.
const SPEED_SECONDS: f64 = 1.0;

/// One training step.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    pub step: u64,
    /// Nats a token.
    pub loss: f32,
    /// Global norm of the gradient before clipping.
    pub norm: f32,
    pub learning_rate: f32,
}

/// Points of a run that were not shown yet.
#[derive(Debug)]
pub struct Gathered {
    run: RunId,
    points: Vec<Point>,
    sent: Option<Instant>,
    /// Tokens and seconds, both fading.
    tokens: f64,
    seconds: f64,
}

impl Gathered {
    pub fn new(run: RunId) -> Self {
        Gathered { run, points: Vec::new(), sent: None, tokens: 0.0, seconds: 0.0 }
    }

    pub fn push(&mut self, points: impl IntoIterator<Item = Point>) {
        self.points.extend(points);
    }

    /// `tokens` were learned in `time`.
    pub fn clock(&mut self, tokens: usize, time: Duration) {
        let seconds = time.as_secs_f64();
        let fade = (-seconds / SPEED_SECONDS).exp();
        self.tokens = self.tokens * fade + tokens as f64;
        self.seconds = self.seconds * fade + seconds;
    }

    /// What there is, if it is time. `epochs` tells how often the text was read when a step was done.
    pub fn due(&mut self, now: Instant, epochs: impl Fn(u64) -> f64) -> Option<Parcel<Event>> {
        let early = self.sent.is_some_and(|sent| now.duration_since(sent) < PERIOD);
        if early {
            return None;
        }
        let parcel = self.take(epochs)?;
        self.sent = Some(now);
        Some(parcel)
    }

    /// What there is.
    pub fn take(&mut self, epochs: impl Fn(u64) -> f64) -> Option<Parcel<Event>> {
        let points = std::mem::take(&mut self.points);
        let (first, last) = (points.first()?, points.last()?);
        let body = Event::Progress(Progress {
            run: self.run,
            first_step: first.step,
            step: last.step,
            epoch: epochs(last.step),
            tokens_per_second: if self.seconds > 0.0 { self.tokens / self.seconds } else { 0.0 },
        });
        let floats = |of: fn(&Point) -> f32| Array::Floats(points.iter().map(of).collect());
        let arrays = vec![floats(|point| point.loss), floats(|point| point.norm), floats(|point| point.learning_rate)];
        Some(Parcel { id: NO_REQUEST, body, arrays })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Epochs of ten steps.
    fn tenth(step: u64) -> f64 {
        step as f64 / 10.0
    }

    fn point(step: u64) -> Point {
        Point { step, loss: step as f32, norm: 1.0, learning_rate: 0.5 }
    }

    #[test]
    fn points_wait_until_a_thirtieth_of_a_second_has_passed() {
        let (mut gathered, start) = (Gathered::new(1), Instant::now());
        gathered.push([point(1)]);
        assert!(gathered.due(start, tenth).is_some());
        gathered.push([point(2), point(3)]);
        assert!(gathered.due(start + Duration::from_millis(33), tenth).is_none());
        let parcel = gathered.due(start + Duration::from_millis(34), tenth).unwrap();
        let Event::Progress(progress) = parcel.body else { panic!("{:?}", parcel.body) };
        assert_eq!((progress.first_step, progress.step, progress.epoch), (2, 3, 0.3));
        assert_eq!(parcel.arrays[0], Array::Floats(vec![2.0, 3.0]));
        assert!(gathered.take(tenth).is_none());
    }

    #[test]
    fn the_speed_follows_the_last_second() {
        let mut gathered = Gathered::new(1);
        for _ in 0..100 {
            gathered.clock(10, Duration::from_millis(100));
        }
        for _ in 0..50 {
            gathered.clock(1000, Duration::from_millis(100));
        }
        gathered.push([point(1)]);
        let Some(Parcel { body: Event::Progress(progress), .. }) = gathered.take(tenth) else { panic!() };
        assert!((progress.tokens_per_second - 10_000.0).abs() < 200.0, "{}", progress.tokens_per_second);
    }
}

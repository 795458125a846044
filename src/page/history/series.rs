//! One figure over the steps of a run, append-only and bounded, with a pyramid of extremes above it.
//!
//! Level 0 holds the values; a bucket of level k sums up 8ᵏ of them. Any range is then read from at most 14 entries a
//! level, so that drawing costs pixels, not points.

use std::ops::Range;

/// Entries of one level that a bucket of the next sums up.
const FAN: usize = 8;

/// What is known of a range of values; values that are no number are left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    pub min: f32,
    pub max: f32,
    sum: f32,
    count: u32,
}

impl Bucket {
    pub const EMPTY: Bucket = Bucket { min: f32::INFINITY, max: f32::NEG_INFINITY, sum: 0.0, count: 0 };

    fn of(value: f32) -> Self {
        if value.is_finite() { Bucket { min: value, max: value, sum: value, count: 1 } } else { Bucket::EMPTY }
    }

    fn merged(self, other: Bucket) -> Bucket {
        Bucket {
            min: self.min.min(other.min),
            max: self.max.max(other.max),
            sum: self.sum + other.sum,
            count: self.count + other.count,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// NaN when empty.
    pub fn mean(&self) -> f32 {
        self.sum / self.count as f32
    }
}

/// Values of consecutive steps.
#[derive(Clone, Debug)]
pub struct Series {
    first_step: u64,
    /// Steps that one value stands for: 1, doubled each time the series is full.
    stride: u64,
    capacity: usize,
    values: Vec<f32>,
    levels: Vec<Vec<Bucket>>,
    /// Steps of the value that is not complete yet, while `stride` > 1.
    pending: Bucket,
    pending_steps: u64,
}

impl Series {
    /// Holds at most `capacity` values (an even number): when it is full, neighbours are averaged in pairs.
    pub fn new(capacity: usize) -> Self {
        Series {
            first_step: 0,
            stride: 1,
            capacity,
            values: Vec::new(),
            levels: Vec::new(),
            pending: Bucket::EMPTY,
            pending_steps: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub fn stride(&self) -> u64 {
        self.stride
    }

    /// The step of value `index`; the last of its steps where one value stands for several.
    pub fn step_of(&self, index: usize) -> u64 {
        self.first_step + (index as u64 + 1) * self.stride - 1
    }

    /// The step after the last one that was pushed, or `None` before the first.
    pub fn next_step(&self) -> Option<u64> {
        let steps = self.values.len() as u64 * self.stride + self.pending_steps;
        (steps > 0).then_some(self.first_step + steps)
    }

    pub fn values(&self) -> &[f32] {
        &self.values
    }

    pub fn last(&self) -> Option<f32> {
        self.values.iter().rev().take(FAN).copied().find(|value| value.is_finite())
    }

    /// The value at or just before `step`.
    pub fn at(&self, step: f64) -> Option<f32> {
        let index = self.index_range(f64::NEG_INFINITY, step + 0.5).end.checked_sub(1)?;
        self.values.get(index).copied().filter(|value| value.is_finite())
    }

    /// Appends the value of `step`. Steps that were left out are filled with NaN; what is there from `step` on is
    /// replaced.
    pub fn push(&mut self, step: u64, value: f32) {
        if self.next_step().is_some_and(|next| step < next) {
            self.truncate(step);
        }
        match self.next_step() {
            None => self.first_step = step,
            Some(next) if (step - next) / self.stride > self.capacity as u64 => self.restart(step),
            Some(next) => (next..step).for_each(|_| self.append(f32::NAN)),
        }
        self.append(value);
    }

    /// Forgets everything from `step` on.
    pub fn truncate(&mut self, step: u64) {
        let keep = (step.saturating_sub(self.first_step) / self.stride) as usize;
        if keep < self.values.len() || self.pending_steps > 0 {
            self.values.truncate(keep);
            self.pending = Bucket::EMPTY;
            self.pending_steps = 0;
            self.build_levels();
        }
    }

    /// Averages neighbours in pairs until at most `capacity` values are left; it is the new bound.
    pub fn shrink(&mut self, capacity: usize) {
        self.capacity = capacity;
        while self.values.len() > capacity {
            self.halve();
        }
        self.values.shrink_to_fit();
    }

    /// What is known of the values whose step lies in [from, to).
    pub fn between(&self, from: f64, to: f64) -> Bucket {
        self.bucket(self.index_range(from, to))
    }

    /// Indices of the values whose step lies in [from, to).
    pub fn index_range(&self, from: f64, to: f64) -> Range<usize> {
        // The smallest index whose step is not below `step`; the cast saturates.
        let index = |step: f64| {
            let offset = (step - self.first_step as f64 + 1.0) / self.stride as f64 - 1.0;
            (offset.ceil().max(0.0) as usize).min(self.values.len())
        };
        let from = index(from);
        from..index(to).max(from)
    }

    fn bucket(&self, range: Range<usize>) -> Bucket {
        let mut total = Bucket::EMPTY;
        let (mut from, mut to) = (range.start, range.end.min(self.values.len()));
        let mut level = 0;
        while from < to {
            while from < to && from % FAN != 0 {
                total = total.merged(self.entry(level, from));
                from += 1;
            }
            while from < to && to % FAN != 0 {
                to -= 1;
                total = total.merged(self.entry(level, to));
            }
            from /= FAN;
            to /= FAN;
            level += 1;
        }
        total
    }

    fn entry(&self, level: usize, index: usize) -> Bucket {
        if level == 0 { Bucket::of(self.values[index]) } else { self.levels[level - 1][index] }
    }

    fn append(&mut self, value: f32) {
        if self.stride == 1 {
            self.store(value);
            return;
        }
        self.pending = self.pending.merged(Bucket::of(value));
        self.pending_steps += 1;
        if self.pending_steps == self.stride {
            let mean = self.pending.mean();
            self.pending = Bucket::EMPTY;
            self.pending_steps = 0;
            self.store(mean);
        }
    }

    fn store(&mut self, value: f32) {
        self.values.push(value);
        self.climb();
        if self.values.len() >= self.capacity {
            self.halve();
        }
    }

    /// Adds the newest value to the levels; a level begins with its first full bucket.
    fn climb(&mut self) {
        let Some((&value, newest)) = self.values.last().zip(self.values.len().checked_sub(1)) else { return };
        let value = Bucket::of(value);
        let mut span = FAN;
        for level in 0.. {
            if level == self.levels.len() {
                if newest + 1 >= span {
                    let all = (0..FAN).map(|index| self.entry(level, index)).fold(Bucket::EMPTY, Bucket::merged);
                    self.levels.push(vec![all]);
                }
                return;
            }
            let buckets = &mut self.levels[level];
            match buckets.get_mut(newest / span) {
                Some(bucket) => *bucket = bucket.merged(value),
                None => buckets.push(value),
            }
            span *= FAN;
        }
    }

    fn halve(&mut self) {
        let whole = self.values.len() / 2 * 2;
        // An odd value out waits for its neighbour.
        if let Some(&odd) = self.values.get(whole) {
            self.pending = self.pending.merged(Bucket::of(odd));
            self.pending_steps += self.stride;
        }
        self.values =
            self.values[..whole].chunks(2).map(|pair| sum_up(pair.iter().copied().map(Bucket::of)).mean()).collect();
        self.stride *= 2;
        self.build_levels();
    }

    fn restart(&mut self, step: u64) {
        *self = Series { first_step: step, ..Series::new(self.capacity) };
    }

    fn build_levels(&mut self) {
        self.levels.clear();
        let mut below: Vec<Bucket> = self.values.iter().copied().map(Bucket::of).collect();
        while below.len() >= FAN {
            below = below.chunks(FAN).map(|chunk| sum_up(chunk.iter().copied())).collect();
            self.levels.push(below.clone());
        }
    }
}

fn sum_up(buckets: impl Iterator<Item = Bucket>) -> Bucket {
    buckets.fold(Bucket::EMPTY, Bucket::merged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(count: usize) -> Vec<f32> {
        (0..count).map(|index| ((index * 7919) % 1009) as f32 / 100.0).collect()
    }

    fn series_of(values: &[f32], capacity: usize) -> Series {
        let mut series = Series::new(capacity);
        values.iter().zip(1..).for_each(|(&value, step)| series.push(step, value));
        series
    }

    #[test]
    fn a_range_is_summed_up_as_if_every_value_were_read() {
        let values = wave(5000);
        let series = series_of(&values, 1 << 20);
        for (from, to) in [(1, 5001), (1, 2), (9, 513), (64, 128), (63, 4099), (4097, 5001), (700, 700)] {
            let read = &values[from - 1..to - 1];
            let bucket = series.between(from as f64, to as f64);
            assert_eq!(bucket.count as usize, read.len());
            assert_eq!(bucket.min, read.iter().copied().fold(f32::INFINITY, f32::min), "{from}..{to}");
            assert_eq!(bucket.max, read.iter().copied().fold(f32::NEG_INFINITY, f32::max), "{from}..{to}");
            if !read.is_empty() {
                let mean = read.iter().map(|&value| f64::from(value)).sum::<f64>() / read.len() as f64;
                assert!((f64::from(bucket.mean()) - mean).abs() < 1e-3);
            }
        }
    }

    #[test]
    fn a_full_series_halves_and_keeps_its_place_and_mean() {
        let series = series_of(&wave(10_000), 1024);
        assert!(series.len() < 1024 && series.len() >= 512);
        assert_eq!(series.stride(), 16);
        assert_eq!(series.next_step(), Some(10_001));
        assert_eq!(series.step_of(0), 16);
        let mean = wave(10_000).iter().sum::<f32>() / 10_000.0;
        assert!((series.between(0.0, 1e9).mean() - mean).abs() < 0.01);
    }

    #[test]
    fn values_that_are_no_number_leave_a_gap_and_spoil_nothing() {
        let series = series_of(&[1.0, f32::NAN, 3.0, f32::INFINITY], 64);
        assert!(series.between(2.0, 3.0).is_empty());
        assert_eq!(series.between(0.0, 10.0).mean(), 2.0);
        assert_eq!(series.at(2.0), None);
        assert_eq!(series.at(3.4), Some(3.0));
        assert_eq!(series.last(), Some(3.0));
    }

    #[test]
    fn going_on_from_an_earlier_step_replaces_what_came_after_it() {
        let mut series = series_of(&wave(100), 1 << 10);
        series.push(41, 77.0);
        assert_eq!(series.len(), 41);
        assert_eq!(series.between(41.0, 200.0).max, 77.0);
        assert_eq!(series.at(40.0), Some(wave(40)[39]));
    }

    #[test]
    fn steps_left_out_are_a_gap_not_a_shift() {
        let mut series = series_of(&[1.0, 2.0], 64);
        series.push(6, 6.0);
        assert_eq!(series.step_of(series.len() - 1), 6);
        assert!(series.between(3.0, 6.0).is_empty());
        series.push(1_000_000, 1.0);
        assert_eq!((series.len(), series.step_of(0)), (1, 1_000_000));
    }

    #[test]
    fn shrinking_an_odd_number_of_values_loses_no_step() {
        let mut series = series_of(&wave(999), 1 << 10);
        series.shrink(256);
        assert!(series.len() <= 256);
        assert_eq!(series.next_step(), Some(1000));
        series.push(1000, 1.0);
        assert_eq!(series.next_step(), Some(1001));
    }
}

//! How well counting does: interpolated n-grams after Witten and Bell, the lines that a network has to get below.
//!
//! With c(h) the tokens seen after a context h and t(h) how many different ones they were,
//!
//! p(w | h) = (c(h, w) + t(h) · p(w | h′)) / (c(h) + t(h)),
//!
//! where h′ is h without its oldest token and p(w) of no context at all falls back on 1/V. A context that was never
//! seen leaves p(w | h′) as it is. (Witten and Bell 1991, method C; interpolated as in Chen and Goodman 1998.)

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::protocol::Baseline;

/// The longest n-gram.
const ORDERS: usize = 5;
/// Tokens worked through in one go: about a millisecond natively, up to twenty where a large table is first written to.
const SLICE: usize = 1 << 14;
/// Of a longer part only so many tokens are read, those next to the other part. More change little, and the tables
/// grow with every new n-gram.
const TOKENS_READ: usize = 1 << 21;

/// Counts n-grams of the training part and predicts the validation part, order by order and slice by slice, so that
/// whoever asks can do something else in between.
///
/// An n-gram is named by a number: the k-gram that ends at i is the pair (the (k−1)-gram that ends at i−1, token i),
/// numbered as it is first seen. The context of token i at order k is then the number of the (k−1)-gram that ends at
/// i−1, so that one table of pairs serves every order whatever the size of the vocabulary.
#[derive(Debug)]
pub struct Ngrams {
    train: Vec<u32>,
    valid: Vec<u32>,
    symbols: usize,
    order: usize,
    /// The next token, first of the training and then of the validation part.
    at: usize,
    /// The number of each k-gram seen at this order, by context and token.
    numbers: HashMap<u64, u32, BuildHasherDefault<PairHasher>>,
    /// c(h, w) by number.
    counts: Vec<u32>,
    /// c(h) and t(h) by context.
    followers: Vec<Followers>,
    train_contexts: Contexts,
    valid_contexts: Contexts,
    /// p(w | h) of each validation token, up to `at` of this order and from there on of the one before.
    probabilities: Vec<f64>,
    /// Σ −ln p(w | h) over the validation tokens read at this order.
    nats: f64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Followers {
    tokens: u32,
    distinct: u32,
}

impl Ngrams {
    /// For a vocabulary of `symbols`. Of long parts only the end of `train` and the start of `valid` are read.
    pub fn new(train: &[u32], valid: &[u32], symbols: usize) -> Self {
        let train = &train[train.len().saturating_sub(TOKENS_READ)..];
        let valid = &valid[..valid.len().min(TOKENS_READ)];
        Ngrams {
            train: train.to_vec(),
            valid: valid.to_vec(),
            symbols,
            order: 1,
            at: 0,
            numbers: HashMap::with_capacity_and_hasher(symbols, BuildHasherDefault::default()),
            counts: Vec::new(),
            // At order 1 every token has the same context: none.
            followers: vec![Followers::default()],
            train_contexts: Contexts::of(train),
            valid_contexts: Contexts::of(valid),
            probabilities: vec![1.0 / symbols as f64; valid.len()],
            nats: 0.0,
        }
    }

    /// Works through one slice. The loss of an order comes with its last one.
    pub fn advance(&mut self) -> Option<Baseline> {
        if self.is_done() {
            return None;
        }
        let (train, tokens) = (self.train.len(), self.train.len() + self.valid.len());
        let (start, end) = (self.at, tokens.min(self.at + SLICE));
        (start.min(train)..end.min(train)).for_each(|i| self.count(i));
        (start.max(train)..end.max(train)).for_each(|i| self.predict(i - train));
        self.at = end;
        (end == tokens).then(|| self.finish_order())
    }

    pub fn is_done(&self) -> bool {
        self.order > ORDERS || self.valid.is_empty()
    }

    /// From 0 to 1.
    pub fn done(&self) -> f32 {
        if self.is_done() {
            return 1.0;
        }
        let of_order = self.at as f32 / (self.train.len() + self.valid.len()) as f32;
        ((self.order - 1) as f32 + of_order) / ORDERS as f32
    }

    fn count(&mut self, i: usize) {
        let Some(context) = self.train_contexts.get(i) else {
            return self.train_contexts.pass(i, None);
        };
        let next = self.counts.len() as u32;
        let number = *self.numbers.entry(pair(context, self.train[i])).or_insert(next);
        let followers = &mut self.followers[context as usize];
        if number == next {
            self.counts.push(0);
            followers.distinct += 1;
        }
        followers.tokens += 1;
        self.counts[number as usize] += 1;
        self.train_contexts.pass(i, Some(number));
    }

    fn predict(&mut self, i: usize) {
        let mut number = None;
        if let Some(context) = self.valid_contexts.get(i) {
            number = self.numbers.get(&pair(context, self.valid[i])).copied();
            let seen = number.map_or(0.0, |number| f64::from(self.counts[number as usize]));
            let Followers { tokens, distinct } = self.followers[context as usize];
            // The last k-gram of the training part may be one that nothing follows.
            if tokens > 0 {
                let shorter = self.probabilities[i];
                self.probabilities[i] = (seen + f64::from(distinct) * shorter) / f64::from(tokens + distinct);
            }
        }
        self.nats -= self.probabilities[i].ln();
        self.valid_contexts.pass(i, number);
    }

    fn finish_order(&mut self) -> Baseline {
        let baseline = Baseline { order: self.order, loss: self.nats / self.valid.len() as f64 };
        self.order += 1;
        (self.at, self.nats) = (0, 0.0);
        // What was a k-gram is a context now.
        let contexts = self.counts.len();
        self.followers = vec![Followers::default(); contexts];
        self.counts.clear();
        self.numbers.clear();
        // At once, because a table that grows as it fills stops for a while to move everything.
        self.numbers.reserve(self.train.len().min(contexts.saturating_mul(self.symbols)));
        self.train_contexts.restart();
        self.valid_contexts.restart();
        baseline
    }
}

/// The context of each token of a part. Those of the next order are written over those that have been read.
#[derive(Debug)]
struct Contexts {
    numbers: Vec<u32>,
    /// The number of the k-gram that ends at the token before.
    before: u32,
}

impl Contexts {
    const UNSEEN: u32 = u32::MAX;

    fn of(part: &[u32]) -> Self {
        Contexts { numbers: vec![0; part.len()], before: Self::UNSEEN }
    }

    /// The context of token i at this order; `None` where it was not seen in the training part.
    fn get(&self, i: usize) -> Option<u32> {
        Some(self.numbers[i]).filter(|&number| number != Self::UNSEEN)
    }

    /// Goes on to the next token, token i being the end of the k-gram of this number.
    fn pass(&mut self, i: usize, number: Option<u32>) {
        self.numbers[i] = std::mem::replace(&mut self.before, number.unwrap_or(Self::UNSEEN));
    }

    fn restart(&mut self) {
        self.before = Self::UNSEEN;
    }
}

fn pair(context: u32, token: u32) -> u64 {
    u64::from(context) << 32 | u64::from(token)
}

/// Mixes the bits of one pair by a multiplication; the standard hasher takes several times as long.
#[derive(Default)]
struct PairHasher(u64);

impl Hasher for PairHasher {
    fn write_u64(&mut self, pair: u64) {
        // 2^64 over the golden ratio; the low half of a product is mixed less than the high half.
        let product = (self.0 ^ pair ^ pair >> 29).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = product ^ product >> 32;
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(byte.into()));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn losses(train: &[u32], valid: &[u32], symbols: usize) -> Vec<f64> {
        let mut ngrams = Ngrams::new(train, valid, symbols);
        let mut baselines = Vec::new();
        while !ngrams.is_done() {
            baselines.extend(ngrams.advance());
        }
        assert_eq!(baselines.iter().map(|baseline| baseline.order).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        baselines.into_iter().map(|baseline| baseline.loss).collect()
    }

    fn assert_near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} instead of {expected}");
    }

    #[test]
    fn a_case_worked_by_hand() {
        // Learned: a b a c a b, of four symbols. c(a) = 3, c(b) = 2, c(c) = 1, t = 3:
        // p(a) = (3 + 3/4) / 9, p(b) = (2 + 3/4) / 9, p(c) = (1 + 3/4) / 9, p(d) = (3/4) / 9.
        let [a, b, d] = [3.75, 2.75, 0.75].map(|count: f64| count / 9.0);
        // a is followed by b, c, b; b by a; d by nothing.
        let [b_after_a, d_after_b] = [(2.0 + 2.0 * b) / 5.0, d / 2.0];
        let [one, two] =
            [[a, b, d, a], [a, b_after_a, d_after_b, a]].map(|p| -p.map(f64::ln).iter().sum::<f64>() / 4.0);
        let found = losses(&[0, 1, 0, 2, 0, 1], &[0, 1, 3, 0], 4);
        assert_near(found[0], one);
        assert_near(found[1], two);
        // The last two of the text, a b, are followed by a the one time that they are followed by anything: d is new.
        let three = -(a * b_after_a * (d_after_b / 2.0) * a).ln() / 4.0;
        assert_near(found[2], three);
    }

    /// The formula of the module, read out by searching the text.
    fn probability(train: &[u32], context: &[u32], token: u32, symbols: usize) -> f64 {
        let shorter = match context {
            [] => 1.0 / symbols as f64,
            [_, rest @ ..] => probability(train, rest, token, symbols),
        };
        let windows = train.windows(context.len() + 1).filter(|window| window.starts_with(context));
        let followers: Vec<u32> = windows.map(|window| window[context.len()]).collect();
        let distinct = followers.iter().collect::<std::collections::HashSet<_>>().len() as f64;
        let seen = followers.iter().filter(|&&follower| follower == token).count() as f64;
        if followers.is_empty() { shorter } else { (seen + distinct * shorter) / (followers.len() as f64 + distinct) }
    }

    #[test]
    fn every_order_follows_the_formula() {
        let mut seed = 1u32;
        let mut draw = || (seed, seed = seed * 75 % 65_537).0 % 7 * (seed % 3) % 6;
        let train: Vec<u32> = (0..300).map(|_| draw()).collect();
        let valid: Vec<u32> = (0..60).map(|_| draw()).collect();
        for (order, found) in (1..).zip(losses(&train, &valid, 9)) {
            let p = |i: usize| probability(&train, &valid[(i + 1usize).saturating_sub(order)..i], valid[i], 9);
            assert_near(found, -(0..valid.len()).map(|i| p(i).ln()).sum::<f64>() / valid.len() as f64);
        }
    }

    #[test]
    fn several_slices_give_what_a_repeated_text_must() {
        let train: Vec<u32> = (0..3 * SLICE as u32).map(|i| i % 4).collect();
        let found = losses(&train, &train[..SLICE + 1], 4);
        assert!((found[0] - 4f64.ln()).abs() < 1e-6, "{found:?}");
        assert!(found[1..].iter().all(|&loss| loss < 1e-3), "{found:?}");
    }

    #[test]
    fn one_repeated_letter_costs_nothing() {
        assert_eq!(losses(&[0; 20], &[0; 5], 1), [0.0; 5]);
    }

    #[test]
    fn nothing_to_validate_on_has_no_baselines() {
        let mut ngrams = Ngrams::new(&[0, 1], &[], 2);
        assert!(ngrams.is_done() && ngrams.advance().is_none() && ngrams.done() == 1.0);
    }

    #[test]
    fn progress_rises_to_one() {
        let mut ngrams = Ngrams::new(&vec![0; 2 * SLICE], &[0; 10], 1);
        let mut before = ngrams.done();
        assert_eq!(before, 0.0);
        while !ngrams.is_done() {
            ngrams.advance();
            assert!(ngrams.done() > before);
            before = ngrams.done();
        }
        assert_eq!(before, 1.0);
    }
}

//! Texts made by a rule, so that the least loss any model can reach is known.
//!
//! Each is a sequence of lines that are drawn independently of one another, and a line tells by itself where it ends.
//! Nothing before a line helps to predict it, so by the chain rule the best a model can do on a line is the entropy of
//! drawing it, and over a long text the entropy of a line over its mean length, both expectations over the draw:
//! nats a character.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::protocol::GeneratedText;

/// Whole lines are written until the text is at least so long.
const CHARACTERS: usize = 300_000;

/// Openings and closings.
const BRACKETS: [(char, char); 4] = [('(', ')'), ('[', ']'), ('{', '}'), ('<', '>')];
const DEEPEST: usize = 8;
/// Inside of brackets: the probability that another one opens rather than that one closes.
const OPENS: f64 = 0.45;
/// Outside of brackets: the probability that the line ends rather than that another one opens.
const ENDS: f64 = 0.25;

const LONGEST_COUNT: u32 = 16;

const LETTERS: &[u8] = b"abcdefgh";
/// How many letters are to be sorted.
const SORTED: Span = Span { least: 3, most: 8 };
/// How many letters are to be said again, and after how many dots.
const COPIED: Span = Span { least: 2, most: 6 };
const DELAY: Span = Span { least: 1, most: 12 };

/// Numbers to be added are below this.
const ADDENDS: u32 = 1000;

/// A text of its kind, at least 300,000 characters, the same for the same seed on every machine.
pub fn text(text: GeneratedText, seed: u64) -> String {
    let line = match text {
        GeneratedText::Brackets => brackets,
        GeneratedText::Counting => counting,
        GeneratedText::Sorting => sorting,
        GeneratedText::Copy => copy,
        GeneratedText::Addition => addition,
    };
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut written = String::with_capacity(CHARACTERS + 1024);
    while written.len() < CHARACTERS {
        line(&mut rng, &mut written);
        written.push('\n');
    }
    written
}

/// The least loss that any model can reach on average, nats a character.
pub fn best_possible(text: GeneratedText) -> f64 {
    let line = match text {
        GeneratedText::Brackets => brackets_line(),
        GeneratedText::Counting => counting_line(),
        GeneratedText::Sorting => sorting_line(),
        GeneratedText::Copy => copy_line(),
        GeneratedText::Addition => addition_line(),
    };
    line.nats / line.characters
}

/// What a line is expected to hold.
struct Line {
    nats: f64,
    /// The line end included.
    characters: f64,
}

/// A whole number that is drawn evenly, both ends included.
#[derive(Clone, Copy)]
struct Span {
    least: u32,
    most: u32,
}

impl Span {
    fn draw(self, rng: &mut ChaCha8Rng) -> u32 {
        rng.random_range(self.least..=self.most)
    }

    fn nats(self) -> f64 {
        f64::from(self.most - self.least + 1).ln()
    }

    fn mean(self) -> f64 {
        f64::from(self.least + self.most) / 2.0
    }
}

/// `([]<{}>)[]`: a walk that opens one of K kinds of bracket or closes the last one.
fn brackets(rng: &mut ChaCha8Rng, line: &mut String) {
    let mut open = Vec::new();
    loop {
        let opens = match open.len() {
            DEEPEST => false,
            0 => true,
            _ => rng.random_bool(OPENS),
        };
        if opens {
            let (opening, closing) = BRACKETS[rng.random_range(0..BRACKETS.len() as u32) as usize];
            line.push(opening);
            open.push(closing);
        } else {
            line.extend(open.pop());
            if open.is_empty() && rng.random_bool(ENDS) {
                return;
            }
        }
    }
}

/// A step inside of brackets costs h = H(p) + p ln K nats, p being [`OPENS`] and H the entropy of a yes or no, and
/// nothing at the deepest level, where it can only close.
///
/// Let f(d) be the nats, g(d) the characters from standing d deep until standing d − 1 deep for the first time. The
/// step either closes, or opens, comes back after f(d+1) and then stands d deep once more: f(d) = h + p (f(d+1) + f(d)),
/// so f(d) = (h + p f(d+1)) / (1 − p), likewise g(d) = (1 + p g(d+1)) / (1 − p), with f = 0 and g = 1 at the deepest.
///
/// A line is 1/q outermost brackets on average, q being [`ENDS`]: each costs ln K and f(1), and, as it closes, H(q) to
/// say whether the line ends; each is 1 + g(1) characters. The line end adds one.
fn brackets_line() -> Line {
    let yes_or_no = |p: f64| -p * p.ln() - (1.0 - p) * (1.0 - p).ln();
    let kind = (BRACKETS.len() as f64).ln();
    let step = yes_or_no(OPENS) + OPENS * kind;
    let (mut nats, mut characters) = (0.0, 1.0);
    for _ in 1..DEEPEST {
        nats = (step + OPENS * nats) / (1.0 - OPENS);
        characters = (1.0 + OPENS * characters) / (1.0 - OPENS);
    }
    Line { nats: (kind + nats + yes_or_no(ENDS)) / ENDS, characters: (1.0 + characters) / ENDS + 1.0 }
}

/// `aaabbb`: n drawn evenly from 1 to N.
fn counting(rng: &mut ChaCha8Rng, line: &mut String) {
    let count = rng.random_range(1..=LONGEST_COUNT);
    for letter in ['a', 'b'] {
        line.extend((0..count).map(|_| letter));
    }
}

/// ln N nats to say n; 2 · (N + 1) / 2 letters and the line end.
fn counting_line() -> Line {
    let most = f64::from(LONGEST_COUNT);
    Line { nats: most.ln(), characters: most + 2.0 }
}

/// `dbca>abcd`: a number of letters drawn evenly, each with the same probability, then the same letters in order.
fn sorting(rng: &mut ChaCha8Rng, line: &mut String) {
    let mut letters = letters(rng, SORTED);
    line.push_str(&String::from_utf8_lossy(&letters));
    line.push('>');
    letters.sort_unstable();
    line.push_str(&String::from_utf8_lossy(&letters));
}

/// The letters and how many they are; what is sorted follows from them. Two marks: `>` and the line end.
fn sorting_line() -> Line {
    let characters = 2.0 * SORTED.mean() + 2.0;
    Line { nats: letters_nats(SORTED), characters }
}

/// `fad.......fad`: letters, dots, the same letters. How many of each is drawn evenly.
fn copy(rng: &mut ChaCha8Rng, line: &mut String) {
    let letters = letters(rng, COPIED);
    line.push_str(&String::from_utf8_lossy(&letters));
    line.extend((0..DELAY.draw(rng)).map(|_| '.'));
    line.push_str(&String::from_utf8_lossy(&letters));
}

/// The letters, how many they are, and how many dots; the rest follows.
fn copy_line() -> Line {
    Line { nats: letters_nats(COPIED) + DELAY.nats(), characters: 2.0 * COPIED.mean() + DELAY.mean() + 1.0 }
}

/// `37+485=522`: both numbers drawn evenly from 0 to M − 1.
fn addition(rng: &mut ChaCha8Rng, line: &mut String) {
    let (a, b) = (rng.random_range(0..ADDENDS), rng.random_range(0..ADDENDS));
    line.push_str(&format!("{a}+{b}={}", a + b));
}

/// 2 ln M nats for the two numbers; three marks besides the digits.
///
/// The mean number of digits is one, and one more with the probability of reaching each power of ten: of x < M,
/// (M − 10ᵏ)/M. Of the M² sums, those below s ≤ M are s (s + 1) / 2, and those of at least s ≥ M are as many as those
/// of two numbers below M that reach at most 2 (M − 1) − s, which mirrors them: n (n + 1) / 2 with n = 2M − 1 − s.
fn addition_line() -> Line {
    let numbers = f64::from(ADDENDS);
    let at_least = |power: f64| 1.0 - power / numbers;
    let sum_at_least = |power: f64| {
        let (below, reach) = (power * (power + 1.0) / 2.0, 2.0 * numbers - 1.0 - power);
        if power <= numbers { 1.0 - below / numbers.powi(2) } else { reach * (reach + 1.0) / 2.0 / numbers.powi(2) }
    };
    let powers = |end: f64| std::iter::successors(Some(10.0), |power| Some(power * 10.0)).take_while(move |&p| p < end);
    let digits = 1.0 + powers(numbers).map(at_least).sum::<f64>();
    let sum_digits = 1.0 + powers(2.0 * numbers - 1.0).map(sum_at_least).sum::<f64>();
    Line { nats: 2.0 * numbers.ln(), characters: 2.0 * digits + sum_digits + 3.0 }
}

fn letters(rng: &mut ChaCha8Rng, count: Span) -> Vec<u8> {
    (0..count.draw(rng)).map(|_| LETTERS[rng.random_range(0..LETTERS.len() as u32) as usize]).collect()
}

/// ln(how many counts there are) to say when the letters stop, and ln(how many letters there are) for each.
fn letters_nats(count: Span) -> f64 {
    count.nats() + count.mean() * (LETTERS.len() as f64).ln()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashMap};
    use std::sync::LazyLock;

    use super::*;

    /// The probability of the next character after the start of a line, by somebody who knows the rule.
    fn oracle(text: GeneratedText, start: &str, next: char) -> f64 {
        match text {
            GeneratedText::Brackets => brackets_oracle(start, next),
            GeneratedText::Counting => counting_oracle(start, next),
            GeneratedText::Sorting => sorting_oracle(start, next),
            GeneratedText::Copy => copy_oracle(start, next),
            GeneratedText::Addition => addition_oracle(start, next),
        }
    }

    /// What the rest of a line is known to be leaves no choice.
    fn certain(rest: &str, next: char) -> f64 {
        f64::from(rest.starts_with(next))
    }

    /// The probability that something drawn evenly, already at `count`, goes no further.
    fn stops(span: Span, count: usize) -> f64 {
        if count < span.least as usize { 0.0 } else { 1.0 / (span.most as usize - count + 1) as f64 }
    }

    fn brackets_oracle(start: &str, next: char) -> f64 {
        let mut open = Vec::new();
        for bracket in start.chars() {
            match BRACKETS.iter().find(|kind| kind.0 == bracket) {
                Some(kind) => open.push(kind.1),
                None => assert_eq!(open.pop(), Some(bracket)),
            }
        }
        let (opens, closes, ends) = match open.len() {
            0 if start.is_empty() => (1.0, 0.0, 0.0),
            0 => (1.0 - ENDS, 0.0, ENDS),
            DEEPEST => (0.0, 1.0, 0.0),
            _ => (OPENS, 1.0 - OPENS, 0.0),
        };
        match next {
            '\n' => ends,
            _ if BRACKETS.iter().any(|kind| kind.0 == next) => opens / BRACKETS.len() as f64,
            _ if open.last() == Some(&next) => closes,
            _ => 0.0,
        }
    }

    fn counting_oracle(start: &str, next: char) -> f64 {
        let [a, b] = ['a', 'b'].map(|letter| start.matches(letter).count());
        let span = Span { least: 1, most: LONGEST_COUNT };
        match next {
            'a' if b == 0 => 1.0 - stops(span, a),
            'b' if b == 0 => stops(span, a),
            _ => certain(
                if b == 0 {
                    ""
                } else if b < a {
                    "b"
                } else {
                    "\n"
                },
                next,
            ),
        }
    }

    fn sorting_oracle(start: &str, next: char) -> f64 {
        if let Some((letters, sorted)) = start.split_once('>') {
            let mut letters = letters.as_bytes().to_vec();
            letters.sort();
            return certain(&(String::from_utf8(letters).unwrap() + "\n")[sorted.len()..], next);
        }
        let stops = stops(SORTED, start.len());
        match next {
            '>' => stops,
            'a'..='h' => (1.0 - stops) / 8.0,
            _ => 0.0,
        }
    }

    fn copy_oracle(start: &str, next: char) -> f64 {
        let letters = start.split('.').next().unwrap();
        let dots = start.matches('.').count();
        let said_again = &start[letters.len() + dots..];
        if dots == 0 {
            let stops = stops(COPIED, letters.len());
            return match next {
                '.' => stops,
                'a'..='h' => (1.0 - stops) / 8.0,
                _ => 0.0,
            };
        }
        if said_again.is_empty() {
            let stops = stops(DELAY, dots);
            return if next == '.' { 1.0 - stops } else { stops * certain(letters, next) };
        }
        certain(&(letters.to_owned() + "\n")[said_again.len()..], next)
    }

    fn addition_oracle(start: &str, next: char) -> f64 {
        if let Some((sum, said)) = start.split_once('=') {
            let sum = sum.split('+').map(|number| number.parse::<u32>().unwrap()).sum::<u32>();
            return certain(&format!("{sum}\n")[said.len()..], next);
        }
        let (digits, mark) = start.split_once('+').map_or((start, '+'), |(_, second)| (second, '='));
        let numbers = |start: String| NUMBERS.get(&start.replace(mark, ".")).copied().unwrap_or(0.0);
        numbers(format!("{digits}{next}")) / numbers(digits.to_owned())
    }

    /// How many of the numbers below 1000, with a dot behind, start so.
    static NUMBERS: LazyLock<HashMap<String, f64>> = LazyLock::new(|| {
        let mut starts = HashMap::new();
        for number in (0..1000).map(|number| format!("{number}.")) {
            for end in 0..=number.len() {
                *starts.entry(number[..end].to_owned()).or_default() += 1.0;
            }
        }
        starts
    });

    /// What the oracle loses on average, nats a character.
    fn oracle_loss(kind: GeneratedText, written: &str) -> f64 {
        let mut known = HashMap::new();
        let mut nats = 0.0;
        for line in written.split_inclusive('\n') {
            for (at, next) in line.char_indices() {
                let start = &line[..at];
                let probability = *known.entry((start, next)).or_insert_with(|| oracle(kind, start, next));
                assert!(probability > 0.0, "{kind:?}: {next:?} after {start:?}");
                nats -= probability.ln();
            }
        }
        nats / written.len() as f64
    }

    #[test]
    fn who_knows_the_rule_loses_what_is_said_to_be_the_least() {
        for kind in GeneratedText::ALL {
            let (found, said) = (oracle_loss(kind, &text(kind, 7)), best_possible(kind));
            // A line's nats and length vary, so that twenty thousand of them differ by some tenths of a percent.
            assert!((found / said - 1.0).abs() < 0.01, "{kind:?}: {found} instead of {said}");
        }
    }

    #[test]
    fn the_oracle_gives_odds_that_sum_to_one() {
        for kind in GeneratedText::ALL {
            let written = text(kind, 3);
            let alphabet: BTreeSet<char> = written.chars().collect();
            for line in written.lines().take(20) {
                for at in 0..=line.len() {
                    let sum: f64 = alphabet.iter().map(|&next| oracle(kind, &line[..at], next)).sum();
                    assert!((sum - 1.0).abs() < 1e-9, "{kind:?}: {sum} after {:?}", &line[..at]);
                }
            }
        }
    }

    #[test]
    fn the_least_losses_are_those_worked_out_by_hand() {
        assert!((best_possible(GeneratedText::Counting) - 16f64.ln() / 18.0).abs() < 1e-12);
        // Mean length 5.5: ln 6 + 5.5 ln 8 over 13.
        assert!((best_possible(GeneratedText::Sorting) - (6f64.ln() + 5.5 * 8f64.ln()) / 13.0).abs() < 1e-12);
        // ln 5 + 4 ln 8 + ln 12 over 8 + 6.5 + 1.
        let copied = (5f64.ln() + 4.0 * 8f64.ln() + 12f64.ln()) / 15.5;
        assert!((best_possible(GeneratedText::Copy) - copied).abs() < 1e-12);
        let digits = |number: u32| number.to_string().len();
        let all: usize =
            (0..1000).flat_map(|a| (0..1000).map(move |b| digits(a) + digits(b) + digits(a + b) + 3)).sum();
        let added = 2.0 * 1000f64.ln() / (all as f64 / 1e6);
        assert!((best_possible(GeneratedText::Addition) - added).abs() < 1e-12);
    }

    #[test]
    fn a_seed_repeats_a_text_and_another_one_does_not() {
        for kind in GeneratedText::ALL {
            let written = text(kind, 1);
            assert!(written == text(kind, 1) && written != text(kind, 2), "{kind:?}");
            assert!((CHARACTERS..CHARACTERS + 1024).contains(&written.len()) && written.ends_with('\n'), "{kind:?}");
        }
    }
}

//! Own texts: each is learned, and what is written holds only its symbols.

use unroll::protocol::*;

use crate::bench::*;

fn learns(text: &str, kind: VocabularyKind) -> String {
    let mut bench = Bench::new();
    let request = TextRequest { vocabulary: kind, ..own_text() };
    let events = bench.ask_and_settle((Request::UseText(request), text.as_bytes().to_vec()));
    let baselines = find(&events, |event| match event {
        Event::Baselines { baselines, .. } => Some(baselines.clone()),
        _ => None,
    });
    assert_eq!(baselines.expect("n-grams were counted").len(), 5);
    bench.build(small_model(), small_train());
    let losses = losses(&bench.ask_and_settle(Request::Play));
    assert_eq!(losses.len(), 60);
    assert!(losses[59].1 <= losses[0].1, "{losses:?}");
    let (written, unknown) = bench.generate("", 50, 1.0);
    assert_eq!(unknown, Vec::<String>::new());
    written
}

#[test]
fn any_script_is_learned_and_only_known_symbols_are_written() {
    let texts = [
        "It was the best of times, it was the worst of times.\n",
        "床前明月光，疑是地上霜。举头望明月，低头思故乡。",
        "😀🎉🚀🌍❤✨",
        "a",
    ];
    for text in texts {
        let repeated = text.repeat(4000 / text.chars().count());
        let written = learns(&repeated, VocabularyKind::Char);
        assert_eq!(written.chars().count(), 50);
        assert!(written.chars().all(|symbol| text.contains(symbol)), "{written}");
    }
}

#[test]
fn bytes_are_learned_too() {
    assert!(!learns(&"中文 and English.\n".repeat(200), VocabularyKind::Byte).is_empty());
}

#[test]
fn unknown_symbols_of_a_prompt_are_reported() {
    let mut bench = Bench::with_run(small_train());
    let (written, unknown) = bench.generate("the 狐 Fox", 20, 1.0);
    assert_eq!((written.chars().count(), unknown), (20, vec!["狐".to_owned(), "F".to_owned()]));
}

#[test]
fn generated_texts_come_with_their_best_possible_loss() {
    let mut bench = Bench::new();
    let source = Source::Generated { text: GeneratedText::Brackets, seed: 1 };
    let events = bench.ask(Request::UseText(TextRequest { source, ..own_text() }));
    let best = find(&events, |event| match event {
        Event::TextReady(report) => report.best_possible,
        _ => None,
    });
    assert!(best.is_some_and(|best| best > 0.0), "{events:?}");
}

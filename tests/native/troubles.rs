//! What is refused, and that it leaves everything as it was.

use unroll::protocol::*;

use crate::bench::*;

fn text(bytes: &[u8]) -> (Request, Vec<u8>) {
    (Request::UseText(own_text()), bytes.to_vec())
}

#[test]
fn a_text_that_cannot_be_used_leaves_the_run_running() {
    let mut bench = Bench::with_run(TrainConfig { steps: None, ..small_train() });
    bench.ask(Request::Play);
    bench.until(|event| matches!(event, Event::Progress(progress) if progress.step >= 5).then_some(()));
    let cases: [(&[u8], fn(&Trouble) -> bool); 5] = [
        (b"", |trouble| *trouble == Trouble::TextEmpty),
        (b"\x89PNG\r\n\x1a\n0000", |trouble| matches!(trouble, Trouble::NotText { .. })),
        (b"abc\xffdef", |trouble| *trouble == Trouble::InvalidUtf8 { offset: 3 }),
        (b"abc\0def", |trouble| *trouble == Trouble::NulByte { offset: 3 }),
        (&[b'a'; 21 << 20], |trouble| matches!(trouble, Trouble::TextTooLarge { limit: 20_971_520, .. })),
    ];
    for (bytes, expected) in cases {
        let trouble = trouble(&bench.ask(text(bytes)));
        assert!(expected(&trouble), "{trouble:?}");
        assert!(bench.is_busy());
    }
    // It was running until now.
    assert_eq!(states(&bench.ask(Request::Pause)), [RunState::Paused]);
}

#[test]
fn a_new_text_leaves_the_run_training_on_its_own_until_build() {
    let mut bench = Bench::with_run(TrainConfig { steps: Some(40), ..small_train() });
    bench.ask(Request::Play);
    let mut events = bench.advance_by(10);
    let answer = bench.ask(text("quite another text".repeat(50).as_bytes()));
    assert!(states(&answer).is_empty(), "{answer:?}");
    events.extend(answer);
    events.extend(bench.settle());
    assert_eq!(losses(&events).last().map(|loss| loss.0), Some(40));
    assert!(bench.generate("jumps ", 5, 1.0).1.is_empty());
    let [model] = models(&bench.build(small_model(), small_train())).try_into().expect("a model");
    let symbols = "quite another text".chars().collect::<std::collections::BTreeSet<_>>().len();
    assert_eq!((model.symbols.len(), model.text.map(|text| text.id)), (symbols, Some(bench.text)));
}

#[test]
fn settings_out_of_range_are_named_and_change_nothing() {
    let mut bench = Bench::with_run(small_train());
    bench.ask_and_settle(Request::Play);
    let before = bench.kept();
    let used = bench.text;
    let model = |change: fn(&mut ModelConfig)| {
        let mut model = small_model();
        change(&mut model);
        Request::Build { text: used, model, train: small_train(), play: false }
    };
    let train = |change: fn(&mut TrainConfig)| {
        let mut train = small_train();
        change(&mut train);
        Request::Build { text: used, model: small_model(), train, play: false }
    };
    let cases = [
        (model(|model| model.hidden = 7), Setting::Hidden),
        (model(|model| model.hidden = 1025), Setting::Hidden),
        (model(|model| model.layers = 0), Setting::Layers),
        (model(|model| model.dropout = 1.0), Setting::Dropout),
        (model(|model| model.forget_bias = f32::NAN), Setting::ForgetBias),
        (train(|train| train.batch = 0), Setting::Batch),
        (train(|train| train.context = 0), Setting::Context),
        (train(|train| train.learning_rate = 0.0), Setting::LearningRate),
        (train(|train| train.clip = -1.0), Setting::Clip),
        (train(|train| train.weight_decay = 2.0), Setting::WeightDecay),
        (train(|train| train.eval_every = 0), Setting::EvalEvery),
        (Request::Tune { learning_rate: f64::INFINITY, clip: 1.0 }, Setting::LearningRate),
        (Request::Tune { learning_rate: 1e-3, clip: 0.0 }, Setting::Clip),
        (Request::UseText(TextRequest { split: 1.0, ..own_text() }), Setting::Split),
    ];
    for (request, expected) in cases {
        let trouble = trouble(&bench.ask(request));
        assert!(matches!(trouble, Trouble::OutOfRange { setting, .. } if setting == expected), "{trouble:?}");
    }
    for (temperature, length, expected) in
        [(-1.0, 10, Setting::Temperature), (f32::NAN, 10, Setting::Temperature), (1.0, 0, Setting::Length)]
    {
        let generate = Generate { prompt: String::new(), length, temperature, top_k: None, seed: 1 };
        let trouble = trouble(&bench.ask(Request::Generate(generate)));
        assert!(matches!(trouble, Trouble::OutOfRange { setting, .. } if setting == expected), "{trouble:?}");
    }
    assert_eq!(bench.kept(), before);
}

#[test]
fn a_text_too_short_for_the_batch_is_refused_with_figures() {
    let mut bench = Bench::new();
    bench.use_text("only a few letters, and no more");
    let expected = Trouble::TextTooShort { tokens: 27, needed: 65, batch: 4, context: 16 };
    let refused = trouble(&bench.build(small_model(), small_train()));
    assert_eq!(refused, expected);
}

#[test]
fn a_model_beyond_the_memory_is_refused() {
    let mut bench = Bench::with_run(small_train());
    let before = bench.kept();
    // A vocabulary of thousands of symbols, so that scores alone take gigabytes.
    let many: String = (0x4E00..0x4E00 + 8000).filter_map(char::from_u32).collect();
    bench.use_text(&many.repeat(20));
    let model = ModelConfig { layers: 4, hidden: 1024, ..small_model() };
    let train = TrainConfig { batch: 256, context: 512, ..small_train() };
    let refused = trouble(&bench.build(model, train));
    assert!(
        matches!(refused, Trouble::TooLargeForDevice { needed_bytes, available_bytes } if needed_bytes > available_bytes),
        "{refused:?}"
    );
    assert_eq!(bench.kept(), before);
}

#[test]
fn nothing_works_before_there_is_something_to_work_on() {
    let mut bench = Bench::new();
    assert_eq!(trouble(&bench.build(small_model(), small_train())), Trouble::NoText);
    let generate = Generate { prompt: String::new(), length: 5, temperature: 1.0, top_k: None, seed: 1 };
    for request in [
        Request::Play,
        Request::Pause,
        Request::StepOnce,
        Request::Evaluate,
        Request::Generate(generate),
        Request::Tune { learning_rate: 1e-3, clip: 1.0 },
    ] {
        assert_eq!(trouble(&bench.ask(request)), Trouble::NoModel);
    }
    assert!(!bench.is_busy());
}

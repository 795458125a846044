//! Texts on their way: the newest wish counts.

use super::*;

#[test]
fn a_corpus_that_still_loads_does_not_replace_a_text_that_was_pasted_meanwhile() {
    let page = page(true);
    page.session.use_corpus("tang");
    page.session.use_own(pasted("mine"));
    page.session.fetched(corpus("tang"), Ok(b"tang".to_vec()));
    assert_eq!(page.count(|request| matches!(request, Request::UseText(_))), 1);
    assert_eq!(page.session.chosen(), Some(own("")));
    page.take(4);
    assert_eq!(page.session.chosen(), Some(own("")));
}

#[test]
fn bytes_chosen_while_a_corpus_loads_or_is_read_are_for_that_corpus() {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    let bytes = || page.session.settings.pretraining.update(|settings| settings.vocabulary = VocabularyKind::Byte);
    page.session.use_corpus("tang");
    bytes();
    page.session.read_again();
    assert_eq!(page.session.chosen(), Some(corpus("tang")));
    page.session.fetched(corpus("tang"), Ok(b"tang".to_vec()));
    assert_eq!(
        page.last_text().1,
        TextRequest { source: corpus("tang"), vocabulary: VocabularyKind::Byte, split: 0.9 }
    );

    // While the engine reads it.
    page.session.settings.pretraining.update(|settings| settings.vocabulary = VocabularyKind::Char);
    page.session.read_again();
    let (_, request, arrays) = page.last(|request| matches!(request, Request::UseText(_)));
    let Request::UseText(request) = request else { unreachable!() };
    assert_eq!((request.source, request.vocabulary), (corpus("tang"), VocabularyKind::Char));
    assert_eq!(arrays, [Array::Bytes(b"tang".to_vec())]);
}

#[test]
fn a_corpus_that_cannot_be_loaded_leaves_the_choice_as_it_was_to_be_chosen_again() {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    page.session.use_corpus("tang");
    assert_eq!(page.session.chosen(), Some(corpus("tang")));
    page.session.fetched(corpus("tang"), Err("offline".to_owned()));
    assert_eq!(page.session.chosen(), Some(corpus("shakespeare")));
    assert!(matches!(page.notice(), Some(Notice::Trouble(Trouble::CannotRead { .. }))));
    assert!(page.session.run.is_running());
}

#[test]
fn another_text_that_is_chosen_while_a_model_is_built_plays_as_the_first_would_have() {
    let page = page(false);
    page.session.use_corpus("shakespeare");
    page.session.fetched(corpus("shakespeare"), Ok(vec![]));
    let report = page.take(65);
    assert!(!page.last_build().2, "the address asked to wait");
    page.made(page.last_build().0, model(1, Some(report), TrainConfig::default(), Origin::Drawn), false);
    page.session.start_over();
    let (building, _, play) = page.last_build();
    assert!(play);
    // Before it is there:
    page.session.use_own(pasted("mine"));
    let report = page.take(4);
    let (id, text_id, play) = page.last_build();
    assert!(id > building && text_id == report.id && play);
}

#[test]
fn a_text_that_was_replaced_before_it_could_be_built_for_is_no_trouble() {
    let page = page(true);
    page.session.use_own(pasted("first"));
    let (first, _) = page.last_text();
    page.session.use_own(pasted("second"));
    let (second, _) = page.last_text();
    page.hear(first, Event::TextReady(text(first, own(""), 5)));
    page.refuse(page.last_build().0, Trouble::TextReplaced);
    assert_eq!(page.notice(), None);
    page.hear(second, Event::TextReady(text(second, own(""), 6)));
    assert_eq!(page.last_build().1, second);
}

#[test]
fn baselines_are_those_of_the_text_that_they_name() {
    let page = page(true);
    let first = page.runs(1, "shakespeare", 65);
    page.session.use_own(pasted("mine"));
    let second = page.take(4);
    let baselines = |loss| vec![Baseline { order: 1, loss }];
    page.hear(first.id, Event::Baselines { text: first.id, baselines: baselines(3.3) });
    assert_eq!(page.session.references().n_grams, baselines(3.3));
    page.hear(second.id, Event::Baselines { text: second.id, baselines: baselines(1.1) });
    assert_eq!(page.session.references().n_grams, baselines(3.3));
    assert_eq!(page.session.texts.taken.get_untracked().map(|text| text.baselines.clone()), Some(baselines(1.1)));
}

#[test]
fn what_stands_in_a_box_is_kept_when_its_step_is_left() {
    let page = page(true);
    page.session.texts.draft.pasted.set("not taken yet".to_owned());
    page.session.view.step.set(Step::Inside);
    page.runs(1, "shakespeare", 65);
    assert_eq!(page.session.texts.draft.pasted.get_untracked(), "not taken yet");
    assert_eq!(page.session.texts.tuning_draft.pasted.get_untracked(), "");
}

//! What is refused changes nothing but itself.

use super::*;

#[test]
fn a_text_that_is_taken_and_cannot_be_built_for_leaves_the_run_under_its_own_name() {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    page.session.use_own(pasted("mine"));
    page.take(4);
    let build = page.last_build().0;
    page.refuse(build, Trouble::TextTooShort { tokens: 4, needed: 2080, batch: 32, context: 64 });
    assert_eq!(page.name(), Some(corpus("shakespeare")));
    assert!(page.session.run.is_running() && page.session.is_running());
    assert_eq!(page.session.references().uniform, Some(65f64.ln()));
    // The text is there, for settings that fit it.
    assert_eq!(page.session.chosen(), Some(own("")));
    assert!(page.session.is_changed());
}

#[test]
fn a_refused_text_is_forgotten_and_a_paused_run_stays_paused() {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    page.session.pause();
    page.hear(NO_REQUEST, Event::State { run: 1, state: RunState::Paused });
    page.session.use_own(pasted(""));
    page.refuse(page.last_text().0, Trouble::TextEmpty);
    assert_eq!(page.session.chosen(), Some(corpus("shakespeare")));
    assert!(!page.session.is_running());
    assert_eq!(page.notice(), Some(Notice::Trouble(Trouble::TextEmpty)));
}

#[test]
fn a_refusal_ends_only_what_it_names() {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    page.session.generate();
    let (writing, ..) = page.last(|request| matches!(request, Request::Generate(_)));
    page.session.use_own(pasted("mine"));
    let (taking, _) = page.last_text();
    page.hear(taking, Event::Working { task: Task::ReadingText, done: 0.5 });
    page.session.save();
    let (saving, ..) = page.last(|request| *request == Request::Save);
    page.refuse(saving, Trouble::OutOfMemory);
    assert!(page.session.writing.written.get_untracked().going);
    assert_eq!(page.session.chosen(), Some(own("")));
    assert_eq!(page.session.engine.working.get_untracked().map(|working| working.task), Some(Task::ReadingText));

    page.refuse(writing, Trouble::NoModel);
    assert!(!page.session.writing.written.get_untracked().going);
    assert_eq!(page.session.chosen(), Some(own("")));
    page.refuse(taking, Trouble::TextEmpty);
    assert_eq!(page.session.chosen(), Some(corpus("shakespeare")));
    assert_eq!(page.session.engine.working.get_untracked(), None);
}

#[test]
fn a_refused_fine_tuning_leaves_run_and_text() {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    page.session.fine_tune(pasted("x"));
    let (id, ..) = page.last(|request| matches!(request, Request::FineTune { .. }));
    page.refuse(id, Trouble::TextTooShort { tokens: 1, needed: 2, batch: 1, context: 1 });
    assert_eq!(page.name(), Some(corpus("shakespeare")));
    assert!(!page.session.run.fine_tuning.get_untracked() && page.session.run.is_running());
    assert_eq!(page.session.run.samples.get_untracked().len(), 1);
}

#[test]
fn a_text_with_too_many_symbols_is_read_as_bytes_by_one_press() {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    page.session.use_own(pasted("漢字"));
    page.refuse(page.last_text().0, Trouble::TooManySymbols { symbols: 9000, limit: 8192 });
    let notice = page.notice().expect("a notice");
    let remedy = page.session.remedy_of(&notice).expect("something can be done");
    page.session.remedy(remedy);
    let (_, request) = page.last_text();
    assert_eq!((request.source, request.vocabulary), (own(""), VocabularyKind::Byte));
}

#[test]
fn a_message_that_cannot_be_read_is_told_and_ends_nothing() {
    use crate::page::engine_link::Arrival;
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    page.session.arrived(Arrival::Unreadable("unknown variant".to_owned()));
    assert!(matches!(page.notice(), Some(Notice::Trouble(Trouble::UnreadableMessage { .. }))));
    assert_eq!(page.session.engine.phase.get_untracked(), Phase::Ready);
    assert!(page.session.run.is_running());
}

#[test]
fn what_a_run_that_is_over_still_says_is_not_heard() {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    page.runs(2, "tang", 99);
    page.trains(1, 4, 9);
    page.hear(
        NO_REQUEST,
        Event::Evaluated(Evaluation { run: 1, step: 9, on: EvaluatedOn::Validation, loss: 1.0, tokens: 1 }),
    );
    page.hear(NO_REQUEST, Event::State { run: 1, state: RunState::Finished });
    assert_eq!(page.session.run.figures.get_untracked().step, 3);
    assert!(page.session.run.figures.get_untracked().validation_loss.is_nan());
    assert!(page.session.run.is_running());
    assert_eq!(page.session.run.samples.get_untracked().len(), 1);
}

//! A divergence, a lost device, a task that is shown.

use super::*;

fn diverged(step: u64, good_step: u64, base_rate: f64) -> Event {
    Event::State { run: 1, state: RunState::Diverged { step, good_step, base_rate } }
}

fn report_of(page: &Page, step: u64, origin: Origin, learning_rate: f64) -> ModelReport {
    let text = page.session.texts.taken.get_untracked().map(|text| (*text).clone());
    let train = TrainConfig { learning_rate, ..page.session.settings.pretraining.get_untracked().train };
    ModelReport { step, ..model(1, text, train, origin) }
}

#[test]
fn a_recovery_goes_on_at_a_part_of_the_base_rate_and_forgets_what_came_after() {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    page.trains(1, 4, 8);
    page.session.run.open_sample.set(page.session.run.samples.get_untracked().first().map(|kept| kept.key));
    page.hear(NO_REQUEST, diverged(9, 5, 2e-3));
    let remedy = page.session.remedy_of(&page.notice().expect("a notice")).expect("something can be done");
    assert_eq!(remedy, Remedy::Recover { learning_rate: 5e-4 });
    page.session.remedy(remedy);
    let (id, ..) = page.last(|request| *request == Request::Recover { learning_rate: 5e-4 });
    page.made(id, report_of(&page, 5, Origin::Recovered, 5e-4), false);

    let steps: Vec<u64> = page.session.run.samples.get_untracked().iter().map(|kept| kept.sample.step).collect();
    assert_eq!(steps, [3], "what was written after step 5 is not of this run any more");
    assert_eq!(page.session.run.open_sample.get_untracked(), None);
    let last = page.session.run.histories.with_untracked(|histories| histories.present().map(|run| run.last_step()));
    assert_eq!(last, Some(5));
    assert_eq!(page.session.run.figures.get_untracked().step, 5);
    assert_eq!(page.session.settings.pretraining.get_untracked().train.learning_rate, 5e-4);
    assert_eq!(page.last(|request| *request == Request::Play).1, Request::Play, "the press went on");

    // The same step comes again: two samples, each with a number of its own.
    page.hear(NO_REQUEST, Event::State { run: 1, state: RunState::Running });
    page.trains(1, 6, 8);
    let keys: Vec<u32> = page.session.run.samples.get_untracked().iter().map(|kept| kept.key).collect();
    assert_eq!(keys.len(), 2);
    assert!(keys[0] > 2, "{keys:?}");
}

#[test]
fn a_run_whose_device_is_lost_is_gone_on_with_and_not_thrown_away() {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    let lost = Trouble::DeviceLost { reason: "unplugged".to_owned() };
    page.hear(NO_REQUEST, Event::Trouble { run: Some(1), trouble: lost });
    page.hear(NO_REQUEST, Event::Device(device()));
    page.hear(NO_REQUEST, Event::ModelReady(report_of(&page, 2, Origin::Moved, 2e-3).into()));
    page.hear(NO_REQUEST, Event::State { run: 1, state: RunState::Paused });
    let opened = page.count(|request| matches!(request, Request::Open { .. }));
    let remedy = page.session.remedy_of(&page.notice().expect("a notice")).expect("something can be done");
    page.session.remedy(remedy);
    assert_eq!(page.count(|request| matches!(request, Request::Open { .. })), opened, "the engine stays");
    assert_eq!(page.count(|request| *request == Request::Play), 1);
    assert_eq!(page.name(), Some(corpus("shakespeare")));
    let last = page.session.run.histories.with_untracked(|histories| histories.present().map(|run| run.last_step()));
    assert_eq!(last, Some(2), "the curve goes on from the checkpoint");
}

#[test]
fn an_evaluation_that_a_divergence_ended_is_not_shown_for_ever() {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    page.hear(NO_REQUEST, Event::Working { task: Task::Evaluating, done: 0.3 });
    assert!(page.session.engine.working.get_untracked().is_some());
    page.hear(NO_REQUEST, diverged(4, 0, 1.0));
    assert_eq!(page.session.engine.working.get_untracked(), None);
}

#[test]
fn progress_of_a_request_that_is_over_is_not_shown() {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    page.session.use_own(pasted("mine"));
    let (id, _) = page.last_text();
    page.hear(id, Event::Working { task: Task::ReadingText, done: 0.0 });
    page.hear(NO_REQUEST, Event::Working { task: Task::Evaluating, done: 1.0 });
    assert_eq!(page.session.engine.working.get_untracked().map(|working| working.request), Some(id));
    page.refuse(id, Trouble::TextEmpty);
    page.hear(id, Event::Working { task: Task::ReadingText, done: 0.5 });
    assert_eq!(page.session.engine.working.get_untracked(), None);
}

#[test]
fn pause_that_is_pressed_while_a_model_is_built_counts() {
    let page = page(true);
    page.session.use_corpus("shakespeare");
    page.session.fetched(corpus("shakespeare"), Ok(vec![]));
    let report = page.take(65);
    let (build, _, play) = page.last_build();
    assert!(play && page.session.is_running());
    page.session.pause();
    assert!(!page.session.is_running());
    page.made(build, model(1, Some(report), TrainConfig::default(), Origin::Drawn), true);
    assert_eq!(page.count(|request| *request == Request::Pause), 1);
}

#[test]
fn the_part_of_a_run_that_is_done_counts_from_its_own_first_step() {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    page.session.load(vec![1]);
    let (id, ..) = page.last(|request| *request == Request::Load);
    let train = TrainConfig { steps: Some(4000), ..TrainConfig::default() };
    let report = ModelReport { step: 10_000, first_step: 10_000, ..model(2, None, train, Origin::Loaded) };
    page.made(id, report, false);
    assert_eq!(page.session.run.last_step(), Some(14_000));
    assert_eq!(page.session.run.done_of(11_000, 14_000), 0.25);
}

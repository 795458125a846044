//! A new engine: after one that failed, and for another device.

use super::*;
use crate::page::engine_link::Arrival;

#[test]
fn a_pause_is_kept_when_another_device_is_chosen() {
    let page = page(true);
    let report = page.runs(1, "shakespeare", 65);
    page.session.pause();
    page.hear(NO_REQUEST, Event::State { run: 1, state: RunState::Paused });
    page.session.choose_device(DeviceWish::Auto);
    page.up();
    assert_eq!(page.last_text().1.source, report.source);
    page.take(65);
    assert!(!page.last_build().2, "it was paused");
}

#[test]
fn what_was_training_trains_on_another_device() {
    let page = page(false);
    page.runs(1, "shakespeare", 65);
    page.session.play();
    page.hear(NO_REQUEST, Event::State { run: 1, state: RunState::Running });
    page.session.choose_device(DeviceWish::Auto);
    page.up();
    page.take(65);
    assert!(page.last_build().2);
}

#[test]
fn the_model_of_an_engine_that_is_no_more_is_not_offered() {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    assert!(page.session.has_model());
    page.session.arrived(Arrival::Failed { reason: "boom".to_owned(), missing: false });
    assert!(matches!(page.notice(), Some(Notice::Trouble(Trouble::WorkerDied { .. }))));
    assert!(!page.session.has_model());
    page.session.remedy(Remedy::StartAgain);
    page.up();
    assert!(!page.session.has_model(), "there is none until it says so");
    let asked = page.count(|request| matches!(request, Request::Subscribe { .. } | Request::Play));
    page.session.play();
    page.see(page.session.pictures.hidden_seen, true);
    assert_eq!(page.count(|request| matches!(request, Request::Subscribe { .. } | Request::Play)), asked);
    page.take(65);
    let (build, _, play) = page.last_build();
    assert!(play, "it trained");
    let text = page.session.texts.taken.get_untracked().map(|text| (*text).clone());
    // Numbers of runs begin anew with an engine.
    page.made(build, model(1, text, TrainConfig::default(), Origin::Drawn), true);
    assert!(page.session.has_model());
    assert_eq!(page.session.run.figures.get_untracked().step, 0);
    assert_eq!(page.session.run.histories.with_untracked(|histories| histories.earlier().len()), 1);
}

#[test]
fn a_text_that_was_on_its_way_to_an_engine_that_failed_goes_to_the_next() {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    page.session.use_own(pasted("mine"));
    let (first, _) = page.last_text();
    page.session.arrived(Arrival::Failed { reason: "boom".to_owned(), missing: false });
    page.session.remedy(Remedy::StartAgain);
    // Said by nobody any more, and answered to nothing.
    page.refuse(first, Trouble::TextEmpty);
    page.up();
    let (second, request) = page.last_text();
    assert!(second > first);
    assert_eq!(request.source, own(""));
}

#[test]
fn a_text_that_comes_before_the_engine_waits_for_it() {
    let page = page(true);
    page.session.start_engine();
    page.session.use_own(pasted("mine"));
    assert_eq!(page.count(|request| matches!(request, Request::UseText(_))), 0);
    page.up();
    assert_eq!(page.last_text().1.source, own(""));
}

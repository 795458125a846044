//! A new engine: after one that failed, and for another device.

use super::*;
use crate::page::engine_link::Arrival;

/// Another device is chosen, the run is saved, and the new engine is up and has the text. What asks for the run there.
fn moved(page: &Page) -> (RequestId, TextReport) {
    page.session.choose_device(DeviceWish::Auto);
    let (saving, ..) = page.last(|request| *request == Request::Save);
    let saved = Event::Saved { file_name: "model.safetensors".to_owned() };
    page.session.heard(Parcel::with_bytes(saving, saved, vec![7, 7]));
    page.up();
    let text = page.take(65);
    let (loading, _, arrays) = page.last(|request| *request == Request::Load);
    assert_eq!(arrays, [Array::Bytes(vec![7, 7])]);
    (loading, text)
}

#[test]
fn the_run_goes_on_on_another_device_where_it_stood_and_a_pause_is_kept() {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    page.session.pause();
    page.hear(NO_REQUEST, Event::State { run: 1, state: RunState::Paused });
    let builds = page.count(|request| matches!(request, Request::Build { .. }));
    let settings = page.session.settings.pretraining.get_untracked();
    let (loading, text) = moved(&page);
    let report = ModelReport { step: 3, ..model(1, Some(text), TrainConfig::default(), Origin::Loaded) };
    page.made(loading, report, false);
    assert_eq!(page.count(|request| matches!(request, Request::Build { .. })), builds, "no new model is drawn");
    assert_eq!(page.count(|request| *request == Request::Play), 0, "it was paused");
    assert_eq!(page.notice(), None);
    assert_eq!(page.session.settings.pretraining.get_untracked(), settings);
    let (last, earlier) = page
        .session
        .run
        .histories
        .with_untracked(|histories| (histories.present().map(|run| run.last_step()), histories.earlier().len()));
    assert_eq!((last, earlier), (Some(3), 0), "its curve goes on");
    assert_eq!(page.session.run.samples.get_untracked().len(), 1);
}

#[test]
fn what_was_training_trains_on_another_device() {
    let page = page(false);
    page.runs(1, "shakespeare", 65);
    page.session.play();
    page.hear(NO_REQUEST, Event::State { run: 1, state: RunState::Running });
    let (loading, text) = moved(&page);
    let plays = page.count(|request| *request == Request::Play);
    page.made(loading, model(1, Some(text), TrainConfig::default(), Origin::Loaded), false);
    assert_eq!(page.count(|request| *request == Request::Play), plays + 1);
}

#[test]
fn a_run_that_another_device_refuses_is_taken_back_to_the_first() {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    let (loading, _) = moved(&page);
    page.refuse(loading, Trouble::TooLargeForDevice { needed_bytes: 2, available_bytes: 1 });
    assert!(!page.session.has_model());
    page.session.choose_device(DeviceWish::Cpu);
    page.up();
    page.take(65);
    let (again, _, arrays) = page.last(|request| *request == Request::Load);
    assert!(again > loading);
    assert_eq!(arrays, [Array::Bytes(vec![7, 7])]);
}

#[test]
fn a_text_that_is_chosen_while_the_run_moves_is_built_for() {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    page.session.choose_device(DeviceWish::Auto);
    let (saving, ..) = page.last(|request| *request == Request::Save);
    page.session.use_own(pasted("mine"));
    let saved = Event::Saved { file_name: "model.safetensors".to_owned() };
    page.session.heard(Parcel::with_bytes(saving, saved, vec![7, 7]));
    page.up();
    let text = page.take(4);
    assert_eq!(text.source, own(""));
    assert_eq!(page.last_build().1, text.id);
    assert_eq!(page.count(|request| *request == Request::Load), 0);
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

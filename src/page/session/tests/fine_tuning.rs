//! A fine-tuning, and what comes after it.

use super::*;

/// Shakespeare (65 symbols), then fine-tuned on a pasted text of 70.
fn fine_tuned() -> Page {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    page.session.fine_tune(pasted("zwölf Boxkämpfer"));
    let (id, request, _) = page.last(|request| matches!(request, Request::FineTune { .. }));
    let Request::FineTune { train, play: true, .. } = request else { panic!("it is to train") };
    let report = TextReport { added: vec!["ö".to_owned()], ..text(id, own(""), 70) };
    page.made(id, model(2, Some(report), train, Origin::FineTuning), true);
    page.hear(NO_REQUEST, Event::Sample(sample(2, 0, true)));
    page
}

#[test]
fn a_fine_tuning_is_labelled_with_its_own_text_and_reset_with_that_of_the_new_run() {
    let page = fine_tuned();
    assert_eq!(page.name(), Some(own("")));
    assert_eq!(page.session.references().uniform, Some(70f64.ln()));

    page.session.reset_run();
    let (id, text_id, play) = page.last_build();
    let first = page.session.texts.taken.get_untracked().expect("a text");
    assert_eq!((text_id, play), (first.id, false));
    let settings = page.session.settings.pretraining.get_untracked();
    page.made(id, model(3, Some((*first).clone()), settings.train, Origin::Drawn), false);
    assert_eq!(page.name(), Some(corpus("shakespeare")));
    assert_eq!(page.session.references().uniform, Some(65f64.ln()));
    assert!(!page.session.run.fine_tuning.get_untracked());
    let model = page.session.run.model.get_untracked().expect("a model");
    assert_eq!(model.parameters, settings.model.parameters(65));
}

#[test]
fn bits_are_those_of_the_text_that_the_run_learns() {
    let page = page(true);
    page.runs(1, "tang", 256);
    assert_eq!(page.session.run.characters_per_token(), 0.5);
    // Another text is taken; its run is not there yet.
    page.session.use_own(pasted("abc"));
    page.take(3);
    assert_eq!(page.session.run.characters_per_token(), 0.5);
    assert_eq!(page.session.references().uniform, Some(256f64.ln()));
}

#[test]
fn a_fine_tuning_leaves_the_settings_of_the_pretraining_as_they_were() {
    let page = page(true);
    let before = page.session.settings.pretraining.get_untracked();
    drop(page);
    let page = fine_tuned();
    assert_eq!(page.session.settings.pretraining.get_untracked(), before);
    // Its own are kept when its step is left.
    let own = TrainConfig { learning_rate: 1e-4, ..page.session.settings.fine_tuning() };
    page.session.change_fine_tuning(own.clone());
    assert_eq!(page.session.settings.fine_tuning(), own);
}

#[test]
fn a_rate_acts_on_a_run_of_the_kind_that_it_was_chosen_for() {
    let tuned = |page: &Page| page.count(|request| matches!(request, Request::Tune { .. }));
    let page = fine_tuned();
    let mut train = page.session.settings.pretraining.get_untracked().train;
    train.learning_rate = 0.1;
    page.session.change_pretraining(train);
    assert_eq!(tuned(&page), 0);
    page.session.change_fine_tuning(TrainConfig { learning_rate: 1e-4, ..page.session.settings.fine_tuning() });
    assert_eq!(tuned(&page), 1);
}

#[test]
fn a_file_without_samples_does_not_stop_the_samples_of_later_runs() {
    let page = page(true);
    let report = page.runs(1, "shakespeare", 65);
    let before = page.session.settings.pretraining.get_untracked().train;
    page.session.load(vec![1, 2, 3]);
    let (id, ..) = page.last(|request| *request == Request::Load);
    let train = TrainConfig { batch: 7, sample_every: None, eval_every: 9999, ..before.clone() };
    page.made(id, model(2, Some(report), train, Origin::Loaded), false);
    let after = page.session.settings.pretraining.get_untracked().train;
    assert_eq!((after.batch, after.sample_every, after.eval_every), (7, before.sample_every, before.eval_every));
    assert!(!page.session.is_changed());
}

#[test]
fn a_model_that_came_without_its_text_is_not_drawn_over_by_a_text() {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    page.session.load(vec![1]);
    let (id, ..) = page.last(|request| *request == Request::Load);
    page.made(id, model(2, None, TrainConfig::default(), Origin::Loaded), false);
    assert_eq!(page.notice(), Some(Notice::Loaded { without_text: true }));

    let (builds, plays) = (
        page.count(|request| matches!(request, Request::Build { .. })),
        page.count(|request| *request == Request::Play),
    );
    page.session.play();
    assert_eq!(page.count(|request| *request == Request::Play), plays, "it has nothing to learn");
    page.session.use_own(pasted("abc"));
    page.take(3);
    assert_eq!(page.notice(), Some(Notice::LoadedKept));
    assert_eq!(page.count(|request| matches!(request, Request::Build { .. })), builds);
    // Asked for in so many words.
    page.session.start_over();
    assert_eq!(page.count(|request| matches!(request, Request::Build { .. })), builds + 1);
}

#[test]
fn a_model_that_came_before_its_text_is_trained_once_the_text_is_there() {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    page.session.load(vec![1]);
    let (id, ..) = page.last(|request| *request == Request::Load);
    page.made(id, model(2, None, TrainConfig::default(), Origin::Loaded), false);
    page.session.use_own(pasted("abc"));
    let report = page.take(3);
    page.hear(NO_REQUEST, Event::ModelReady(model(2, Some(report), TrainConfig::default(), Origin::Loaded).into()));
    assert_eq!(page.notice(), Some(Notice::Loaded { without_text: false }));
    let plays = page.count(|request| *request == Request::Play);
    page.session.play();
    assert_eq!(page.count(|request| *request == Request::Play), plays + 1);
}

#[test]
fn what_a_newer_program_saved_and_this_one_does_not_know_is_named() {
    let page = page(true);
    let report = page.runs(1, "shakespeare", 65);
    page.session.load(vec![1]);
    let (id, ..) = page.last(|request| *request == Request::Load);
    let unknown = vec!["train.momentum".to_owned()];
    let loaded = model(2, Some(report), TrainConfig::default(), Origin::Loaded);
    page.made(id, ModelReport { unknown: unknown.clone(), ..loaded }, false);
    assert_eq!(page.notice(), Some(Notice::Newer(unknown)));
}

//! The table of what resets what, walked: each happening resets what stands in its row, and nothing else.

use super::*;
use crate::page::session::{
    engine::Working,
    resets::{Happening, Part},
};

const PARTS: [Part; 14] = [
    Part::Download,
    Part::Down,
    Part::Device,
    Part::Requests,
    Part::Subscriptions,
    Part::AtHand,
    Part::State,
    Part::Task,
    Part::Figures,
    Part::Curves,
    Part::LaterSamples,
    Part::Samples,
    Part::Pictures,
    Part::Divergence,
];

/// The step that a run goes on from or begins at, with a sample before it and one after.
const STEP: u64 = 3;

/// A page in which every part has something to be reset.
fn busy() -> Page {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    page.trains(1, 4, 8);
    let session = page.session;
    page.see(page.session.pictures.next_seen, true);
    session.generate();
    session.run.open_sample.set(session.run.samples.get_untracked().last().map(|kept| kept.key));
    session.pictures.next.set(vec![NextSymbol { symbol: "a".to_owned(), probability: 1.0 }]);
    session.engine.working.set(Some(Working { request: NO_REQUEST, task: Task::Evaluating, done: 0.5 }));
    session.trouble(Trouble::Diverged { step: 9, base_rate: 1.0 });
    page
}

/// Whether a part is as a reset leaves it.
fn is_reset(page: &Page, part: Part) -> bool {
    let session = page.session;
    let steps: Vec<u64> = session.run.samples.get_untracked().iter().map(|kept| kept.sample.step).collect();
    match part {
        Part::Download => session.engine.phase.get_untracked() == Phase::Loading,
        Part::Down => session.engine.phase.get_untracked() == Phase::Down,
        Part::Device => session.engine.device.get_untracked().is_none(),
        Part::Requests => {
            session.engine.requests.with_value(|requests| requests.is_empty())
                && !session.writing.written.get_untracked().going
        }
        Part::Subscriptions => session.pictures.is_unsubscribed(),
        Part::AtHand => !session.run.at_hand.get_untracked(),
        Part::State => session.run.state.get_untracked() == RunState::Paused,
        Part::Task => session.engine.working.get_untracked().is_none(),
        Part::Figures => session.run.figures.get_untracked().training_loss.is_nan(),
        Part::Curves => session
            .run
            .histories
            .with_untracked(|histories| histories.present().is_some_and(|run| run.last_step() == STEP)),
        Part::LaterSamples => steps == [STEP],
        Part::Samples => steps.is_empty() && session.run.open_sample.get_untracked().is_none(),
        Part::Pictures => session.pictures.next.get_untracked().is_empty(),
        Part::Divergence => session.notice.get_untracked().is_none(),
    }
}

#[test]
fn each_happening_resets_its_row_of_the_table_and_nothing_else() {
    for happening in [
        Happening::EngineStarts,
        Happening::EngineFails,
        Happening::RunBegins { step: STEP },
        Happening::RunGoesOn { step: STEP },
    ] {
        let page = busy();
        for part in PARTS {
            assert!(!is_reset(&page, part), "{part:?} has nothing to be reset");
        }
        page.session.reset(happening);
        for part in PARTS {
            assert_eq!(is_reset(&page, part), happening.resets().contains(&part), "{happening:?} {part:?}");
        }
    }
}

#[test]
fn each_event_does_what_stands_in_its_row() {
    let page = busy();
    let text = page.session.texts.taken.get_untracked().map(|text| (*text).clone());
    let report =
        |run| ModelReport { step: STEP, ..model(run, text.clone(), TrainConfig::default(), Origin::Recovered) };
    page.hear(NO_REQUEST, Event::ModelReady(report(1).into()));
    for part in (Happening::RunGoesOn { step: STEP }).resets() {
        assert!(is_reset(&page, *part), "the same run from an earlier step: {part:?}");
    }
    let page = busy();
    page.hear(NO_REQUEST, Event::ModelReady(report(2).into()));
    for part in (Happening::RunBegins { step: STEP }).resets() {
        assert!(is_reset(&page, *part), "another run: {part:?}");
    }
    let page = busy();
    page.session.engine_failed("boom".to_owned());
    for part in Happening::EngineFails.resets() {
        assert!(is_reset(&page, *part), "an engine that fails: {part:?}");
    }
}

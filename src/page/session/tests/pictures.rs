//! Pictures ask only while they are seen.

use super::*;

fn subscribed(page: &Page) -> usize {
    page.count(|request| matches!(request, Request::Subscribe { .. }))
}

fn unsubscribed(page: &Page) -> usize {
    page.count(|request| matches!(request, Request::Unsubscribe { .. }))
}

fn hidden(run: RunId, symbols: usize, unknown: &[&str]) -> (Event, Vec<Array>) {
    let report = HiddenReport {
        run,
        step: 3,
        layer: 0,
        layers: 1,
        units: 2,
        symbols: vec!["a".to_owned(); symbols],
        likeliest: 1,
        unknown: unknown.iter().map(|&symbol| symbol.to_owned()).collect(),
    };
    let floats = |count: usize| Array::Floats(vec![0.5; count]);
    (Event::Hidden(report), vec![floats(2 * symbols), floats(symbols), Array::Ids(vec![0; symbols])])
}

#[test]
fn nothing_is_asked_for_a_picture_that_is_not_seen() {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    assert_eq!(subscribed(&page), 0);
    page.see(page.session.pictures.hidden_seen, true);
    assert_eq!(subscribed(&page), 1);
    page.session.settle_subscriptions();
    assert_eq!(subscribed(&page), 1, "once");
    page.see(page.session.pictures.hidden_seen, false);
    let (subscription, ..) = page.last(|request| matches!(request, Request::Subscribe { .. }));
    assert_eq!(
        page.last(|request| matches!(request, Request::Unsubscribe { .. })).1,
        Request::Unsubscribe { subscription }
    );

    page.see(page.session.pictures.next_seen, true);
    page.session.view.visible.set(false);
    page.session.settle_subscriptions();
    assert_eq!((subscribed(&page), unsubscribed(&page)), (2, 2), "another tab is looked at");
    page.session.view.visible.set(true);
    page.session.settle_subscriptions();
    assert_eq!((subscribed(&page), unsubscribed(&page)), (3, 2));
}

#[test]
fn another_topic_takes_the_place_of_the_one_before_and_what_that_still_sends_is_not_shown() {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    page.see(page.session.pictures.hidden_seen, true);
    let (first, ..) = page.last(|request| matches!(request, Request::Subscribe { .. }));
    page.session.pictures.watch_text.set("龍".to_owned());
    page.session.settle_subscriptions();
    assert_eq!((subscribed(&page), unsubscribed(&page)), (2, 1));
    let (second, ..) = page.last(|request| matches!(request, Request::Subscribe { .. }));

    let (body, arrays) = hidden(1, 3, &[]);
    page.session.heard(Parcel { id: first, body: body.clone(), arrays: arrays.clone() });
    assert!(page.session.pictures.hidden.get_untracked().is_none());
    page.session.heard(Parcel { id: second, body, arrays });
    assert!(page.session.pictures.hidden.get_untracked().is_some());

    // Nothing of the text is known to the model: an empty picture, and a word about it.
    let (body, arrays) = hidden(1, 0, &["龍"]);
    page.session.heard(Parcel { id: second, body, arrays });
    assert_eq!(page.session.pictures.hidden.get_untracked().map(|frame| frame.positions()), Some(0));
    assert_eq!(page.session.pictures.unknown.get_untracked(), ["龍"]);
}

#[test]
fn a_refused_subscription_is_not_asked_for_again_and_again() {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    page.see(page.session.pictures.hidden_seen, true);
    let (id, ..) = page.last(|request| matches!(request, Request::Subscribe { .. }));
    page.refuse(id, Trouble::NoModel);
    page.session.settle_subscriptions();
    assert_eq!(subscribed(&page), 1);
    page.session.pictures.layer.set(1);
    page.session.settle_subscriptions();
    assert_eq!((subscribed(&page), unsubscribed(&page)), (2, 0));
}

#[test]
fn what_is_seen_is_asked_of_a_new_engine_as_soon_as_it_has_a_model() {
    let page = page(true);
    page.runs(1, "shakespeare", 65);
    page.see(page.session.pictures.hidden_seen, true);
    page.session.start_engine();
    page.up();
    assert_eq!((subscribed(&page), unsubscribed(&page)), (1, 0));
    page.runs(1, "shakespeare", 65);
    assert_eq!((subscribed(&page), unsubscribed(&page)), (2, 0));
}

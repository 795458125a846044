//! The buttons under a picture.

use leptos::{prelude::*, task::spawn_local};

use super::{Shown, picture, use_selection};
use crate::{
    page::{clipboard, control::Says, download, language::use_words},
    words::Words,
};

/// A button of a picture. `pressed`: where it is a switch.
pub fn plot_button(
    label: Signal<&'static str>,
    help: Signal<&'static str>,
    pressed: Option<Signal<bool>>,
    press: impl Fn() + 'static,
) -> AnyView {
    button(label, help, pressed, Box::new(press))
}

fn button(
    label: Signal<&'static str>,
    help: Signal<&'static str>,
    pressed: Option<Signal<bool>>,
    press: Box<dyn Fn()>,
) -> AnyView {
    let pressed = move || pressed.map(|pressed| if pressed.get() { "true" } else { "false" });
    view! {
        <button type="button" aria-pressed=pressed title=help aria-description=help on:click=move |_| press()>
            {label}
        </button>
    }
    .into_any()
}

/// Table, PNG, CSV, link.
#[component]
pub fn PlotTools(shown: Shown) -> impl IntoView {
    let words = use_words();
    let selection = use_selection();
    let copied = RwSignal::new(false);
    let label = move |says: Says| Signal::derive(move || says(words()).label);
    let help = move |says: Says| Signal::derive(move || says(words()).help);
    let tool = move |says: Says, pressed: Option<Signal<bool>>, press: Box<dyn Fn()>| {
        button(label(says), help(says), pressed, press)
    };
    let save_rows = move || {
        let plot = shown.plot();
        let name = [plot.file_name(), ".csv"].concat();
        download::save_parts(&name, "text/csv;charset=utf-8", plot.csv());
    };
    let copy_link = move || {
        spawn_local(async move {
            let done = clipboard::copy(&selection.link()).await.is_ok();
            // `Some` hands the value back when the picture is gone.
            let _ = copied.try_set(done);
            let again = move || {
                let _ = copied.try_set(false);
            };
            set_timeout(again, std::time::Duration::from_secs(2));
        });
    };
    let link: fn(&'static Words) -> &'static str = |words| words.plot.link.label;
    let linked = Signal::derive(move || if copied.get() { words().speed.copied } else { link(words()) });
    view! {
        <div class="plot-tools">
            {tool(
                |words| words.plot.table,
                Some(shown.as_table.into()),
                Box::new(move || shown.as_table.update(|on| *on = !*on)),
            )}
            {tool(|words| words.plot.png, None, Box::new(move || picture::save(&*shown.plot())))}
            {tool(|words| words.plot.csv, None, Box::new(save_rows))}
            {button(linked, help(|words| words.plot.link), None, Box::new(copy_link))}
        </div>
    }
}

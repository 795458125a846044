//! Which device computes, why, and the choice of another.

use leptos::{html, prelude::*};
use web_sys::{FocusEvent, KeyboardEvent};

use super::speed::SpeedPanel;
use crate::{
    page::{
        control::Choice,
        language::{use_say, use_words},
        session::{Phase, use_session},
    },
    protocol::{DeviceKind, DeviceWish, Speeds},
    words::number,
};

#[component]
pub fn DeviceBadge() -> impl IntoView {
    let session = use_session();
    let words = use_words();
    let say = use_say();
    let open = RwSignal::new(false);
    let panel = NodeRef::<html::Dialog>::new();
    let whole = NodeRef::<html::Div>::new();
    let badge = NodeRef::<html::Button>::new();

    let name = move || match (session.engine.phase.get(), session.engine.device.get()) {
        (Phase::Down, _) => words().device.none,
        (_, Some(device)) => match device.kind {
            DeviceKind::WebGpu => words().device.webgpu,
            DeviceKind::Cpu => words().device.cpu,
        },
        _ => words().device.opening,
    };
    // Both figures, where either was measured.
    let speeds = Signal::derive(move || {
        let Speeds { gpu, cpu } = session.engine.device.get()?.speeds;
        let rate = session.run.characters_per_token();
        let figure = |speed: Option<f64>| speed.map_or("–".to_owned(), |speed| number::measured(speed * rate));
        gpu.or(cpu).map(|_| format!("WebGPU {} · CPU {}", figure(gpu), figure(cpu)))
    });
    let why = move || match (session.engine.phase.get(), session.engine.device.get()) {
        (Phase::Down, _) => String::new(),
        (_, Some(device)) => {
            let measured = speeds.get().map(|speeds| format!(" {speeds} {}.", words().transport.speed));
            (words().device.why)(&device) + &measured.unwrap_or_default()
        }
        _ => words().device.loading.to_owned(),
    };
    let state = move || match session.engine.phase.get() {
        Phase::Ready => "is-ready",
        Phase::Down => "is-down",
        _ => "is-waiting",
    };
    let wish = Signal::derive(move || match session.engine.wish.get() {
        DeviceWish::Auto => "auto",
        DeviceWish::Gpu => "gpu",
        DeviceWish::Cpu => "cpu",
    });
    let choose = move |name| {
        session.choose_device(match name {
            "gpu" => DeviceWish::Gpu,
            "cpu" => DeviceWish::Cpu,
            _ => DeviceWish::Auto,
        })
    };
    // Closes when the focus goes elsewhere.
    let left = move |event: FocusEvent| {
        let to = event.related_target().map(wasm_bindgen::JsCast::unchecked_into::<web_sys::Node>);
        if let (Some(whole), Some(to)) = (whole.get_untracked(), to)
            && !whole.contains(Some(&to))
        {
            open.set(false);
        }
    };
    let key = move |event: KeyboardEvent| {
        if event.key() == "Escape" && open.get_untracked() {
            // Before what has the focus goes.
            if let Some(badge) = badge.get_untracked() {
                let _ = badge.focus();
            }
            open.set(false);
        }
    };
    view! {
        <div class="device" node_ref=whole on:focusout=left on:keydown=key>
            <button
                node_ref=badge
                class=move || format!("badge {}", state())
                data-testid="badge"
                aria-expanded=move || open.get().to_string()
                title=why
                on:click=move |_| open.update(|open| *open = !*open)
            >
                <span class="dot" aria-hidden="true"></span>
                <span>{name}</span>
                <small class="badge-speeds">{speeds}</small>
            </button>
            <Show when=move || open.get()>
                <div class="popover card" role="group" aria-label=say(|words| words.device.title) tabindex="-1">
                    <p>{why}</p>
                    <Choice
                        says=|words| words.device.choose
                        id="device"
                        options=vec![
                            ("auto", |words| words.device.auto),
                            ("gpu", |words| words.device.webgpu),
                            ("cpu", |words| words.device.cpu),
                        ]
                        value=wish
                        set=choose
                    />
                    <p class="hint">{say(|words| words.device.choose.help)}</p>
                    <button
                        class="button"
                        data-testid="speed-open"
                        on:click=move |_| {
                            if let Some(panel) = panel.get_untracked() {
                                // It fails where the panel is open already.
                                let _ = panel.show_modal();
                            }
                        }
                    >
                        {say(|words| words.speed.open)}
                    </button>
                </div>
            </Show>
            <SpeedPanel dialog=panel />
        </div>
    }
}

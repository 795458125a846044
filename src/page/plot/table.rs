//! A picture in figures, for who cannot or would rather not see it.

use leptos::prelude::*;

use super::{Plot, redraw::slowly};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// The picture's table, in its place; renewed at most every two seconds.
pub fn table(plot: StoredValue<std::sync::Arc<dyn Plot>>) -> AnyView {
    let table = slowly(move || plot.with_value(|plot| plot.table()));
    let cells = |row: Vec<String>| -> Vec<AnyView> {
        row.into_iter().map(|cell| view! { <td>{cell}</td> }.into_any()).collect()
    };
    let head = move || -> Vec<AnyView> {
        table.get().head.into_iter().map(|cell| view! { <th scope="col">{cell}</th> }.into_any()).collect()
    };
    let rows = move || -> Vec<AnyView> {
        table.get().rows.into_iter().map(|row| view! { <tr>{cells(row)}</tr> }.into_any()).collect()
    };
    let name = move || plot.with_value(|plot| plot.title());
    view! {
        <div class="plot-table" role="region" tabindex="0" aria-label=name data-testid="plot-table">
            <table>
                <thead>
                    <tr>{head}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

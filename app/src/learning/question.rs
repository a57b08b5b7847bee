//! A question on a screen, with large answer options; shared by practice and the graded quiz.

use crate::browser::app_state::AppState;
use crate::icon::{Icon, icon};
use crate::text;
use crate::ui::line;
use domain::Lang;
use domain::learning::{Form, Given, Misread, Question, read_number};
use leptos::prelude::*;

/// The initial answer: for an ordering the order shown, otherwise none.
pub fn first_answer(form: &Form) -> Option<Given> {
    match form {
        Form::Ordering { options } => Some(Given::Ordering((0..options.len() as u8).collect())),
        _ => None,
    }
}

/// A question with its answer inputs. `locked`: the answer can no longer be changed.
pub fn question_form(
    app: AppState,
    question: &Question,
    given: RwSignal<Option<Given>>,
    locked: Signal<bool>,
) -> AnyView {
    let lang = app.lang.get();
    let answers = match &question.form {
        Form::Single { options } => {
            let names = options.iter().map(|option| option.get(lang).to_owned()).collect();
            choices(
                names,
                false,
                locked,
                given,
                |given, at| *given == Some(Given::Single(at)),
                |_, at| Some(Given::Single(at)),
            )
        }
        Form::TrueFalse => choices(
            vec![text::is_true(lang).to_owned(), text::is_false(lang).to_owned()],
            false,
            locked,
            given,
            |given, at| *given == Some(Given::TrueFalse(at == 0)),
            |_, at| Some(Given::TrueFalse(at == 0)),
        ),
        Form::Multiple { options } => {
            let names = options.iter().map(|option| option.get(lang).to_owned()).collect();
            choices(
                names,
                true,
                locked,
                given,
                |given, at| ticked(given).contains(&at),
                |given, at| {
                    let mut places = ticked(given);
                    match places.iter().position(|place| *place == at) {
                        Some(place) => {
                            places.remove(place);
                        }
                        None => places.insert(places.partition_point(|place| *place < at), at),
                    }
                    (!places.is_empty()).then_some(Given::Multiple(places))
                },
            )
        }
        Form::Ordering { options } => {
            let names = options.iter().map(|option| option.get(lang).to_owned()).collect();
            ordering(lang, names, locked, given)
        }
        Form::Number { unit } => number(app, unit.clone(), locked, given),
        Form::Newer => line("hint", text::newer_hint(lang)),
    };
    let hint = match &question.form {
        Form::Multiple { .. } => Some(text::several_answers(lang)),
        Form::Ordering { .. } => Some(text::put_in_order(lang)),
        _ => None,
    };
    view! {
        <fieldset class="question">
            <legend>
                <h1 tabindex="-1">{question.prompt.get(lang).to_owned()}</h1>
            </legend>
            {hint.map(|hint| view! { <p class="hint">{hint}</p> })}
            {answers}
        </fieldset>
    }
    .into_any()
}

fn ticked(given: &Option<Given>) -> Vec<u8> {
    match given {
        Some(Given::Multiple(places)) => places.clone(),
        _ => vec![],
    }
}

fn choices(
    names: Vec<String>,
    several: bool,
    locked: Signal<bool>,
    given: RwSignal<Option<Given>>,
    chosen: fn(&Option<Given>, u8) -> bool,
    choose: fn(&Option<Given>, u8) -> Option<Given>,
) -> AnyView {
    let list: Vec<AnyView> = names
        .into_iter()
        .enumerate()
        .map(|(at, name)| {
            let at = at as u8;
            view! {
                <label class="choice">
                    <input
                        type=if several { "checkbox" } else { "radio" }
                        name="answer"
                        prop:checked=move || given.with(|given| chosen(given, at))
                        prop:disabled=move || locked.get()
                        on:change=move |_| given.update(|given| *given = choose(given, at))
                    />
                    <span>{name}</span>
                </label>
            }
            .into_any()
        })
        .collect();
    view! { <div class="choices">{list}</div> }.into_any()
}

fn ordering(lang: Lang, names: Vec<String>, locked: Signal<bool>, given: RwSignal<Option<Given>>) -> AnyView {
    let order = move || match given.get() {
        Some(Given::Ordering(places)) => places,
        _ => vec![],
    };
    let swap = move |at: usize, with: usize| {
        given.update(|given| {
            if let Some(Given::Ordering(places)) = given
                && at < places.len()
                && with < places.len()
            {
                places.swap(at, with);
            }
        });
    };
    (move || {
        let places = order();
        let last = places.len().saturating_sub(1);
        let list: Vec<AnyView> = places
            .into_iter()
            .enumerate()
            .map(|(at, place)| {
                let name = names.get(usize::from(place)).cloned().unwrap_or_default();
                let up = text::move_up(lang, &name);
                let down = text::move_down(lang, &name);
                view! {
                    <li class="choice ordered">
                        <span>{format!("{}. {name}", at + 1)}</span>
                        <button
                            type="button"
                            class="step"
                            aria-label=up
                            prop:disabled=at == 0 || locked.get()
                            on:click=move |_| swap(at, at.saturating_sub(1))
                        >
                            {icon(Icon::Up)}
                        </button>
                        <button
                            type="button"
                            class="step"
                            aria-label=down
                            prop:disabled=at == last || locked.get()
                            on:click=move |_| swap(at, at + 1)
                        >
                            {icon(Icon::Down)}
                        </button>
                    </li>
                }
                .into_any()
            })
            .collect();
        view! { <ol class="choices">{list}</ol> }.into_any()
    })
    .into_any()
}

fn number(app: AppState, unit: String, locked: Signal<bool>, given: RwSignal<Option<Given>>) -> AnyView {
    let lang = app.lang.get_untracked();
    let typed = RwSignal::new(match given.get_untracked() {
        Some(Given::Number(thousandths)) => typed_number(lang, thousandths),
        _ => String::new(),
    });
    let (asked, read) = (unit.clone(), unit.clone());
    let misread = move || {
        let typed = typed.get();
        if typed.trim().is_empty() {
            return None;
        }
        read_number(&typed, &asked).err()
    };
    let unreadable = misread.clone();
    let unit_named = unit.clone();
    view! {
        <div class="field number">
            <label for="number">{text::your_answer(lang, &unit)}</label>
            <input
                id="number"
                type="text"
                inputmode="decimal"
                autocomplete="off"
                prop:value=move || typed.get()
                prop:disabled=move || locked.get()
                aria-invalid=move || unreadable().map(|_| "true")
                aria-describedby="number-error"
                on:input=move |event| {
                    let value = event_target_value(&event);
                    given.set(read_number(&value, &read).ok().map(Given::Number));
                    typed.set(value);
                }
            />
            <p class="error" id="number-error" role="status">
                {move || misread().map(|misread| misread_text(app.lang.get(), misread, &unit_named))}
            </p>
        </div>
    }
    .into_any()
}

/// Why a number is not taken, and what to write instead.
fn misread_text(lang: Lang, misread: Misread, unit: &str) -> String {
    match misread {
        Misread::NotANumber => text::not_a_number(lang).to_owned(),
        Misread::TooPrecise => text::three_decimals(lang).to_owned(),
        Misread::OtherUnit if unit.is_empty() => text::number_alone(lang).to_owned(),
        Misread::OtherUnit => text::answer_in(lang, unit),
        Misread::TwoWays { grouped, decimal } => {
            text::two_readings(lang, &typed_number(lang, grouped), &typed_number(lang, decimal))
        }
    }
}

/// Formats thousandths so that they are read in one way only: three decimals get a fourth.
fn typed_number(lang: Lang, thousandths: i64) -> String {
    let mut plain = plain_number(lang, thousandths);
    if read_number(&plain, "").is_err() {
        plain.push('0');
    }
    plain
}

/// Formats thousandths as people write them: 4500 is `4,5`.
pub fn plain_number(lang: Lang, thousandths: i64) -> String {
    let sign = if thousandths < 0 { "-" } else { "" };
    let (whole, rest) = (
        thousandths.unsigned_abs() / 1000,
        thousandths.unsigned_abs() % 1000,
    );
    if rest == 0 {
        return format!("{sign}{whole}");
    }
    let point = if lang == Lang::Fr { ',' } else { '.' };
    format!(
        "{sign}{whole}{point}{}",
        format!("{rest:03}").trim_end_matches('0')
    )
}

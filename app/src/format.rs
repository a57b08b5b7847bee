//! Formats dates, times and money in the member's language and the programme's time zone.

use crate::browser::app_state::AppState;
use crate::text;
use domain::{Cents, Day, Lang, Timestamp};
use js_sys::{Array, Date, Function, Object, Reflect};
use leptos::prelude::*;
use std::cell::RefCell;
use wasm_bindgen::{JsCast, JsValue};

/// The programme's time zone; empty before it is known.
fn zone(app: AppState) -> String {
    let member = app.member.get();
    let programme = member.programme.as_ref();
    programme
        .map(|programme| programme.time_zone.clone())
        .unwrap_or_default()
}

fn locale(lang: Lang) -> &'static str {
    match lang {
        Lang::Fr => "fr-FR",
        Lang::En => "en-GB",
    }
}

/// A cached `Intl` format: its name, the object and its `format` method.
type Made = (String, JsValue, Function);

thread_local! {
    static MADE: RefCell<Vec<Made>> = const { RefCell::new(Vec::new()) };
}

/// `Intl[kind](locale, options).format(value)`; `None` if the browser rejects it.
fn intl(kind: &str, lang: Lang, options: &[(&str, &str)], value: &JsValue) -> Option<String> {
    let (format, method) = format_of(kind, lang, options)?;
    method.call1(&format, value).ok()?.as_string()
}

/// Returns a cached format. Why: creating one is far slower than using it.
fn format_of(kind: &str, lang: Lang, options: &[(&str, &str)]) -> Option<(JsValue, Function)> {
    let mut name = format!("{kind} {}", lang.tag());
    for (key, option) in options {
        name.push_str(key);
        name.push_str(option);
    }
    let made = MADE.with_borrow(|made| made.iter().find(|(known, ..)| *known == name).cloned());
    if let Some((_, format, method)) = made {
        return Some((format, method));
    }
    let given = Object::new();
    for (key, option) in options {
        Reflect::set(&given, &(*key).into(), &(*option).into()).ok()?;
    }
    let constructor: Function = Reflect::get(
        &Reflect::get(&js_sys::global(), &"Intl".into()).ok()?,
        &kind.into(),
    )
    .ok()?
    .dyn_into()
    .ok()?;
    let format = Reflect::construct(&constructor, &Array::of2(&locale(lang).into(), &given)).ok()?;
    let method: Function = Reflect::get(&format, &"format".into()).ok()?.dyn_into().ok()?;
    MADE.with_borrow_mut(|made| made.push((name, format.clone(), method.clone())));
    Some((format, method))
}

fn date(lang: Lang, zone: &str, at: Timestamp, options: &[(&str, &str)]) -> String {
    let value = Date::new(&JsValue::from_f64(at.0 as f64));
    let mut all = options.to_vec();
    if !zone.is_empty() {
        all.push(("timeZone", zone));
    }
    intl("DateTimeFormat", lang, &all, &value).unwrap_or_default()
}

const TIME: [(&str, &str); 2] = [("hour", "2-digit"), ("minute", "2-digit")];
const MOMENT: [(&str, &str); 5] = [
    ("weekday", "short"),
    ("day", "numeric"),
    ("month", "short"),
    TIME[0],
    TIME[1],
];

/// Returns the phone's local time of `at`, where it differs from the programme's.
pub fn here(app: AppState, at: Timestamp) -> Option<String> {
    let (lang, zone) = (app.lang.get(), zone(app));
    let here = date(lang, "", at, &MOMENT);
    (!zone.is_empty() && here != date(lang, &zone, at, &MOMENT)).then_some(here)
}

/// Formats an hour, with the city of its zone where the phone stands in another one.
fn with_zone(app: AppState, at: Timestamp, options: &[(&str, &str)]) -> String {
    let (lang, zone) = (app.lang.get(), zone(app));
    let hour = date(lang, &zone, at, options);
    match here(app, at) {
        Some(_) => text::hour_in(lang, &hour, &domain::programme::city_of(&zone)),
        None => hour,
    }
}

/// `10:42`, without its zone: for the first of two hours.
pub fn hour(app: AppState, at: Timestamp) -> String {
    date(app.lang.get(), &zone(app), at, &TIME)
}

/// `10:42`
pub fn time(app: AppState, at: Timestamp) -> String {
    with_zone(app, at, &TIME)
}

/// `lundi 24 novembre`, `Monday 24 November`
pub fn weekday(app: AppState, at: Timestamp) -> String {
    date(
        app.lang.get(),
        &zone(app),
        at,
        &[("weekday", "long"), ("day", "numeric"), ("month", "long")],
    )
}

/// `lundi 24 novembre 2026 à 10:42`
pub fn moment(app: AppState, at: Timestamp) -> String {
    with_zone(app, at, &MOMENT)
}

/// `10:42` today, `21 nov. 10:42` before.
pub fn as_of(app: AppState, at: Timestamp) -> String {
    if day_of(app, at) == day_of(app, app.now.get()) {
        return time(app, at);
    }
    with_zone(app, at, &MOMENT[1..])
}

/// `24` and `nov.`, for a date tile, and `lun.` above it.
pub fn tile(app: AppState, at: Timestamp) -> (String, String, String) {
    let (lang, zone) = (app.lang.get(), zone(app));
    (
        date(lang, &zone, at, &[("weekday", "short")]),
        date(lang, &zone, at, &[("day", "numeric")]),
        date(lang, &zone, at, &[("month", "short")]),
    )
}

/// `24 novembre 2026`
pub fn day(lang: Lang, day: Day) -> String {
    let at = Timestamp(i64::from(day.0) * Timestamp::DAY);
    date(
        lang,
        "UTC",
        at,
        &[("day", "numeric"), ("month", "long"), ("year", "numeric")],
    )
}

/// `24 nov.`
pub fn short_day(lang: Lang, day: Day) -> String {
    let at = Timestamp(i64::from(day.0) * Timestamp::DAY);
    date(lang, "UTC", at, &[("day", "numeric"), ("month", "short")])
}

/// `novembre 2026`, from `2026-11`.
pub fn month(lang: Lang, name: &str) -> String {
    match Day::parse(&format!("{name}-01")) {
        Some(day) => {
            let at = Timestamp(i64::from(day.0) * Timestamp::DAY);
            date(lang, "UTC", at, &[("month", "long"), ("year", "numeric")])
        }
        None => name.to_owned(),
    }
}

/// The calendar day of an instant in the programme's time zone.
pub fn day_of(app: AppState, at: Timestamp) -> Day {
    let value = Date::new(&JsValue::from_f64(at.0 as f64));
    let zone = zone(app);
    let mut options = vec![("year", "numeric"), ("month", "2-digit"), ("day", "2-digit")];
    if !zone.is_empty() {
        options.push(("timeZone", &zone));
    }
    // British: day/month/year.
    let text = intl("DateTimeFormat", Lang::En, &options, &value).unwrap_or_default();
    let mut parts = text.split('/').filter_map(|part| part.parse::<i32>().ok());
    match (parts.next(), parts.next(), parts.next()) {
        (Some(day), Some(month), Some(year)) => {
            Day::from_ymd(year, month as u32, day as u32).unwrap_or_default()
        }
        _ => Day((at.0.div_euclid(Timestamp::DAY)) as i32),
    }
}

/// Whole money: `3 400 €`.
pub fn money(app: AppState, amount: Cents) -> String {
    let lang = app.lang.get();
    let member = app.member.get();
    let programme = member.programme.as_ref();
    let currency = programme
        .map(|programme| programme.currency.clone())
        .unwrap_or_else(|| "EUR".into());
    let options = [
        ("style", "currency"),
        ("currency", currency.as_str()),
        ("minimumFractionDigits", "0"),
        ("maximumFractionDigits", "0"),
    ];
    intl(
        "NumberFormat",
        lang,
        &options,
        &JsValue::from_f64(amount as f64 / 100.0),
    )
    .unwrap_or_default()
}

/// The size of a download: `340 Ko`, `1,2 Mo`.
pub fn size(lang: Lang, bytes: u64) -> String {
    let kilobytes = bytes.div_ceil(1000);
    let (unit, large) = match lang {
        Lang::Fr => ("Ko", "Mo"),
        Lang::En => ("KB", "MB"),
    };
    if kilobytes < 1000 {
        return format!("{kilobytes}\u{202f}{unit}");
    }
    let tenths = kilobytes.div_ceil(100);
    let point = if lang == Lang::Fr { ',' } else { '.' };
    format!("{}{point}{}\u{202f}{large}", tenths / 10, tenths % 10)
}

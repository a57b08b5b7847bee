//! Contents and validation of `programme.toml`.

use crate::{Error, Result, strict_toml};
use domain::codes;
use domain::input::{InputCode, InputError, InputPlace, RefKind, one_of};
use domain::members::Trade;
use domain::programme::{EarningRule, PassKey, Period, Programme, Rate, Tier};
use domain::{Day, Lang, Text, Timestamp};
use serde::{Deserialize, Serialize};

/// `programme.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    pub brand: Brand,
    pub status: StatusRule,
    #[serde(default)]
    pub points: PointsRule,
    #[serde(rename = "trade")]
    pub trades: Vec<Trade>,
    /// Rising thresholds, the first 0.
    #[serde(rename = "tier")]
    pub tiers: Vec<Tier>,
    #[serde(rename = "earning")]
    pub earning: Vec<EarningRule>,
    /// Rules that still hold for days of the past, because a later file changed them without having orders worked out
    /// again. Not in the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earning_before: Vec<PastRules>,
    #[serde(default)]
    pub staff: Vec<StaffRow>,
}

/// The earning rules for days before `until`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastRules {
    pub until: Day,
    pub earning: Vec<EarningRule>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brand {
    pub name: String,
    /// `#rrggbb`
    pub accent: String,
    pub languages: Vec<Lang>,
    pub time_zone: String,
    pub currency: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRule {
    pub period: Period,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointsRule {
    /// `None`: points do not expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_months: Option<u32>,
}

/// A member of the brand's staff, as listed in `programme.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffRow {
    #[serde(rename = "ref")]
    pub reference: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    pub role: Role,
}

codes! {
    /// Role of a staff member.
    pub enum Role {
        /// Looks after companies.
        Advisor = "advisor",
        /// Publishes courses, events and rewards.
        Editor = "editor",
        /// Reads the figures.
        Analyst = "analyst",
        /// Everything.
        Admin = "admin",
    }
}

/// Used until a `programme.toml` is applied.
pub(super) const DEFAULT: &str = include_str!("default.toml");

impl Settings {
    /// Parses and validates a `programme.toml`.
    ///
    /// # Errors
    /// [`Error::Input`] that names the line or the field and the problem.
    pub fn parse(text: &str) -> Result<Settings> {
        let settings: Settings = strict_toml::read(text)?;
        if !settings.earning_before.is_empty() {
            return Err(InputCode::UnknownField.field("earning_before").into());
        }
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), InputError> {
        let brand = &self.brand;
        if self.status.period == Period::Newer {
            return Err(one_of(Period::ALL.map(Period::code)).field("status.period"));
        }
        if brand.name.trim().is_empty() {
            return Err(InputCode::Empty.field("brand.name"));
        }
        let accent = rgb(&brand.accent).ok_or_else(|| {
            InputCode::like("#b45309")
                .field("brand.accent")
                .given(&brand.accent)
        })?;
        let contrast = contrast(accent, PAPER);
        if contrast < 4.5 {
            let tenths = (contrast * 10.0) as u32;
            return Err(InputCode::NoContrast { tenths }
                .field("brand.accent")
                .given(&brand.accent));
        }
        if brand.languages.is_empty() {
            return Err(InputCode::Empty.field("brand.languages"));
        }
        zone(&brand.time_zone)?;
        if brand.currency.len() != 3 || !brand.currency.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(InputCode::like("EUR")
                .field("brand.currency")
                .given(&brand.currency));
        }
        if let Some(months) = self
            .points
            .expiry_months
            .filter(|months| !(1..=MOST_MONTHS).contains(months))
        {
            return Err(InputCode::OutOfRange {
                least: 1,
                most: MOST_MONTHS.into(),
            }
            .field("points.expiry_months")
            .given(months.to_string()));
        }
        if let Some(staff) = self.staff.iter().find(|staff| staff.role == Role::Newer) {
            let place = InputPlace::Staff(staff.reference.clone());
            return Err(one_of(Role::ALL.map(Role::code)).field("role").within(place));
        }
        distinct(
            InputPlace::Trade,
            is_plain,
            self.trades.iter().map(|trade| trade.reference.as_str()),
        )?;
        distinct(
            InputPlace::Tier,
            is_plain,
            self.tiers.iter().map(|tier| tier.reference.as_str()),
        )?;
        distinct(
            InputPlace::Staff,
            is_plain,
            self.staff.iter().map(|staff| staff.reference.as_str()),
        )?;
        let trades = self
            .trades
            .iter()
            .map(|trade| (InputPlace::Trade(trade.reference.clone()), &trade.name));
        let tiers = self
            .tiers
            .iter()
            .map(|tier| (InputPlace::Tier(tier.reference.clone()), &tier.name));
        for (place, name) in trades.chain(tiers) {
            if let Some(&language) = brand.languages.iter().find(|lang| !name.has(**lang)) {
                return Err(InputCode::NoTextIn { language }.field("name").within(place));
            }
        }
        match self.tiers.first() {
            None => return Err(InputCode::Missing.field("tier")),
            Some(first) if first.threshold != 0 => {
                let threshold = first.threshold;
                let wrong = InputCode::FirstTierNotAtZero { threshold }.field("threshold");
                return Err(wrong.within(InputPlace::Tier(first.reference.clone())));
            }
            Some(_) => {}
        }
        if let Some(pair) = self
            .tiers
            .windows(2)
            .find(|pair| pair[0].threshold >= pair[1].threshold)
        {
            let tier = pair[0].reference.clone();
            let wrong = InputCode::ThresholdNotAbove { tier }.field("threshold");
            return Err(wrong.within(InputPlace::Tier(pair[1].reference.clone())));
        }
        let mut versions: Vec<u32> = self.earning.iter().map(|rule| rule.version).collect();
        versions.sort_unstable();
        if versions.is_empty() {
            return Err(InputCode::Missing.field("earning"));
        }
        if let Some(pair) = versions.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(InputCode::Twice { first_line: None }.at(InputPlace::Earning(pair[0])));
        }
        for rule in &self.earning {
            let place = InputPlace::Earning(rule.version);
            let per_unit = rule.rate.points / rule.rate.units;
            if rule.rate.points < 0 || per_unit > MOST_POINTS_PER_UNIT {
                let wrong = InputCode::OutOfBounds {
                    least: 0,
                    most: MOST_POINTS_PER_UNIT,
                };
                let points = rule.rate.points.to_string();
                return Err(wrong.field("points_per_unit").given(points).within(place));
            }
            if rule.valid_until.is_some_and(|until| until < rule.valid_from) {
                return Err(InputCode::EndsBeforeItBegins.field("valid_until").within(place));
            }
        }
        Ok(())
    }

    /// Returns the programme's calendar day at an instant.
    ///
    /// # Errors
    /// [`Error::Invariant`] if the time zone is no longer known.
    pub fn day(&self, at: Timestamp) -> Result<Day> {
        Ok(self.local(at)?.0)
    }

    /// Returns the local time at an instant: the day, and the minutes after midnight on the clock.
    ///
    /// # Errors
    /// [`Error::Invariant`] if the time zone is no longer known.
    pub fn local(&self, at: Timestamp) -> Result<(Day, u32)> {
        let zone = zone(&self.brand.time_zone).map_err(no_longer_known)?;
        let instant =
            jiff::Timestamp::from_millisecond(at.0).map_err(|error| Error::Invariant(error.to_string()))?;
        let local = instant.to_zoned(zone);
        let date = local.date();
        let day = Day::from_ymd(
            date.year().into(),
            date.month().unsigned_abs().into(),
            date.day().unsigned_abs().into(),
        );
        let minutes = u32::from(local.hour().unsigned_abs()) * 60 + u32::from(local.minute().unsigned_abs());
        day.map(|day| (day, minutes))
            .ok_or_else(|| Error::Invariant(format!("no day for {}", at.0)))
    }

    /// Returns the instant of a local time that somebody wrote; an input error if the clocks skip it or show it twice.
    ///
    /// # Errors
    /// [`Error::Invariant`] if the time zone is no longer known.
    pub fn exact(&self, day: Day, minutes: u32) -> Result<Result<Timestamp, InputCode>> {
        let at = self.instant(day, minutes)?;
        if self.local(at)? != (day, minutes) {
            return Ok(Err(InputCode::HourSkipped));
        }
        // Clocks are set by quarters of an hour, and by three hours at most.
        for quarters in 1..=12 {
            for other in [at.plus(quarters * 900_000), at.plus(-quarters * 900_000)] {
                if self.local(other)? == (day, minutes) {
                    return Ok(Err(InputCode::HourTwice));
                }
            }
        }
        Ok(Ok(at))
    }

    /// Returns the instant of a local time, `minutes` after midnight.
    ///
    /// # Errors
    /// [`Error::Invariant`] if the time zone is no longer known or the day is out of range.
    pub fn instant(&self, day: Day, minutes: u32) -> Result<Timestamp> {
        let zone = zone(&self.brand.time_zone).map_err(no_longer_known)?;
        let broken = |error: jiff::Error| Error::Invariant(error.to_string());
        let (year, month, date) = day.ymd();
        let local = jiff::civil::Date::new(year as i16, month as i8, date as i8).map_err(broken)?;
        let local = local.at((minutes / 60) as i8, (minutes % 60) as i8, 0, 0);
        Ok(Timestamp(
            local.to_zoned(zone).map_err(broken)?.timestamp().as_millisecond(),
        ))
    }

    /// Returns the expiry day of points earned on a day.
    pub fn expiry(&self, earned_on: Day) -> Option<Day> {
        self.points
            .expiry_months
            .map(|months| earned_on.plus_months(months as i32))
    }

    pub fn lowest_tier(&self) -> &str {
        self.tiers.first().map_or("", |tier| &tier.reference)
    }

    /// Checks that the programme has these tiers and trades.
    ///
    /// # Errors
    /// The first one that is missing.
    pub(crate) fn has(&self, tiers: &[String], trades: &[String]) -> Result<(), InputError> {
        if let Some(tier) = tiers
            .iter()
            .find(|tier| !self.tiers.iter().any(|known| known.reference == **tier))
        {
            return Err(InputCode::NotThere { what: RefKind::Tier }
                .field("tiers")
                .given(tier));
        }
        if let Some(trade) = trades
            .iter()
            .find(|trade| !self.trades.iter().any(|known| known.reference == **trade))
        {
            return Err(InputCode::NotThere { what: RefKind::Trade }
                .field("trades")
                .given(trade));
        }
        Ok(())
    }

    /// The rule that orders of a day earn by.
    pub fn rule_on(&self, day: Day) -> Option<&EarningRule> {
        let past = self.earning_before.iter().filter(|past| day < past.until);
        let past = past.min_by_key(|past| past.until);
        EarningRule::on(past.map_or(&self.earning, |past| &past.earning), day)
    }

    /// All rules that hold, or held, for some days.
    pub fn rules(&self) -> impl Iterator<Item = &EarningRule> {
        let past = self.earning_before.iter().flat_map(|past| &past.earning);
        self.earning.iter().chain(past)
    }

    /// True if orders of some day before `today` earn differently than by `other`.
    pub(crate) fn past_differs(&self, other: &Settings, today: Day) -> bool {
        let bounds = self.rules().chain(other.rules()).flat_map(|rule| {
            let end = rule.valid_until.map(|until| until.plus_days(1));
            [Some(rule.valid_from), end].into_iter().flatten()
        });
        let frozen = self.earning_before.iter().chain(&other.earning_before);
        let bounds = bounds
            .chain(frozen.map(|past| past.until))
            .filter(|day| *day < today);
        let rate = |settings: &Settings, day| settings.rule_on(day).map(|rule| rule.rate);
        bounds
            .chain([today.plus_days(-1)])
            .any(|day| rate(self, day) != rate(other, day))
    }

    /// Returns the document that phones get.
    pub fn document(&self, today: Day, keys: Vec<PassKey>) -> Programme {
        let none = Rate { points: 0, units: 1 };
        let rate = self.rule_on(today).map_or(none, |rule| rule.rate);
        Programme {
            name: self.brand.name.clone(),
            accent: self.brand.accent.clone(),
            languages: self.brand.languages.clone(),
            time_zone: self.brand.time_zone.clone(),
            currency: self.brand.currency.clone(),
            trades: self.trades.clone(),
            tiers: self.tiers.clone(),
            period: self.status.period,
            expiry_months: self.points.expiry_months,
            points_per_unit: if rate.units == 1 { rate.points } else { 0 },
            earning_rate: (rate.units != 1).then_some(rate),
            keys,
        }
    }
}

fn zone(name: &str) -> Result<jiff::tz::TimeZone, InputError> {
    jiff::tz::TimeZone::get(name).map_err(|_| InputCode::UnknownTimeZone.field("brand.time_zone").given(name))
}

fn no_longer_known(zone: InputError) -> Error {
    Error::Invariant(format!("the time zone {:?} is no longer known", zone.value))
}

/// Maximum points per whole unit of currency.
const MOST_POINTS_PER_UNIT: i64 = 1_000_000;
/// A hundred years: what lives longer does not expire.
const MOST_MONTHS: u32 = 1_200;

/// Checks what every item of a content file needs: a ref of its own, and texts.
pub(crate) fn check_items<'a>(
    place: fn(String) -> InputPlace,
    items: impl Iterator<Item = (&'a str, [(&'static str, &'a Text); 2])> + Clone,
) -> Result<(), InputError> {
    let may_be = |letter: char| !letter.is_whitespace() && !letter.is_control();
    distinct(place, may_be, items.clone().map(|(reference, _)| reference))?;
    for (reference, texts) in items {
        for (field, text) in texts {
            if Lang::ALL.iter().all(|lang| text.get(*lang).trim().is_empty()) {
                return Err(InputCode::Empty.field(field).within(place(reference.to_owned())));
            }
        }
    }
    Ok(())
}

/// Checks that refs are there once, and hold letters that `may_be` allows alone.
fn distinct<'a>(
    place: fn(String) -> InputPlace,
    may_be: fn(char) -> bool,
    references: impl Iterator<Item = &'a str>,
) -> Result<(), InputError> {
    let mut seen = std::collections::HashSet::new();
    for reference in references {
        if reference.is_empty() || !reference.chars().all(may_be) {
            return Err(InputCode::NotARef
                .field("ref")
                .within(place(reference.to_owned())));
        }
        if !seen.insert(reference) {
            return Err(InputCode::Twice { first_line: None }.at(place(reference.to_owned())));
        }
    }
    Ok(())
}

/// The letters of refs of the programme.
fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '-' || letter == '_'
}

/// The app's background colour in light mode (`style/tokens.css`).
const PAPER: [u8; 3] = [0xfb, 0xf7, 0xf0];

fn rgb(text: &str) -> Option<[u8; 3]> {
    let digits = text
        .strip_prefix('#')
        .filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let part = |from: usize| u8::from_str_radix(digits.get(from..from + 2)?, 16).ok();
    Some([part(0)?, part(2)?, part(4)?])
}

/// Contrast ratio of two colours (WCAG 2.2, "contrast ratio").
fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
    let light = |colour: [u8; 3]| {
        let [r, g, b] = colour.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (a, b) = (light(a), light(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_programme_is_sound() {
        assert_eq!(
            Settings::parse(DEFAULT)
                .map(|settings| settings.tiers.len())
                .unwrap(),
            3
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |from: &str, to: &str| {
            assert!(DEFAULT.contains(from), "{from}");
            match Settings::parse(&DEFAULT.replacen(from, to, 1)) {
                Err(Error::Input(error)) => error,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(
            wrong("#B45309", "#FFD54F"),
            InputCode::NoContrast { tenths: 13 }
                .field("brand.accent")
                .given("#FFD54F")
        );
        assert_eq!(
            wrong("#B45309", "amber"),
            InputCode::like("#b45309").field("brand.accent").given("amber")
        );
        assert_eq!(
            wrong("Europe/Paris", "Europe/Paname"),
            InputCode::UnknownTimeZone
                .field("brand.time_zone")
                .given("Europe/Paname")
        );
        assert_eq!(
            wrong("threshold = 0", "threshold = 5").code,
            InputCode::FirstTierNotAtZero { threshold: 5 }
        );
        assert!(
            wrong("currency", "curency")
                .field()
                .is_some_and(|field| field.contains("curency"))
        );
    }

    #[test]
    fn days_follow_the_programmes_zone() {
        let settings = Settings::parse(DEFAULT).unwrap();
        let at = settings.instant(Day::parse("2026-07-01").unwrap(), 30).unwrap();
        assert_eq!(at, Timestamp(1_782_858_600_000));
        assert_eq!(settings.day(at).unwrap().to_string(), "2026-07-01");
        assert_eq!(
            settings.day(at.plus(-31 * 60_000)).unwrap().to_string(),
            "2026-06-30"
        );
    }
}

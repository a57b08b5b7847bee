//! The member's company and advisor, with contact details.

use super::view::MemberView;
use crate::format;
use crate::icon::Icon;
use crate::routes::Route;
use crate::text;
use crate::ui::{external_link, heading, line, live, nothing, row, rows, section};
use domain::Lang;
use domain::members::{Advisor, Me};
use leptos::prelude::*;

pub fn company_page() -> AnyView {
    live(|app, lang| {
        let member = app.member.get();
        let Some(me) = &member.me else {
            return heading(text::company_title(lang));
        };
        view! {
            {heading(me.company.name.clone())}
            {line("lead", me.company.town.clone())}
            {me.advisor.as_ref().map(|advisor| advisor_part(advisor, lang))}
            {my_part(me, lang)}
            {tiers(&member, lang)}
        }
        .into_any()
    })
}

fn advisor_part(advisor: &Advisor, lang: Lang) -> AnyView {
    let call = advisor.phone.as_ref().map(|phone| {
        external_link(
            format!("tel:{phone}"),
            Icon::Call,
            text::call(lang, &spaced(phone)),
        )
    });
    let write = advisor.email.as_ref().map(|email| {
        external_link(
            format!("mailto:{email}"),
            Icon::Mail,
            text::write_to(lang, &breakable(email)),
        )
    });
    section(
        text::my_advisor(lang),
        view! {
            <p class="lead">
                <strong>{advisor.name.clone()}</strong>
            </p>
            <div class="ways-out">{call}{write}</div>
        }
        .into_any(),
    )
}

/// Allows a line break before the `@`.
fn breakable(email: &str) -> String {
    email.replace('@', "\u{200b}@")
}

/// Groups a French number, `06 39 98 00 01`; leaves others unchanged.
fn spaced(phone: &str) -> String {
    let Some(rest) = phone
        .strip_prefix("+33")
        .filter(|rest| rest.len() == 9 && rest.is_ascii())
    else {
        return phone.to_owned();
    };
    let mut spaced = format!("0{}", &rest[..1]);
    for at in (1..9).step_by(2) {
        spaced.push('\u{a0}');
        spaced.push_str(&rest[at..at + 2]);
    }
    spaced
}

fn my_part(me: &Me, lang: Lang) -> AnyView {
    let manager = me.manager.then(|| {
        let to = row(
            &Route::Colleagues,
            text::colleagues_title(lang),
            nothing(),
            nothing(),
        );
        view! {
            {line("", text::you_are_manager(lang))}
            {rows(vec![to])}
        }
    });
    section(
        text::my_part(lang),
        view! {
            {line("", text::function(lang, me.function))}
            {line("hint", text::order_points(lang, me.company.order_points))}
            {manager}
        }
        .into_any(),
    )
}

fn tiers(member: &MemberView, lang: Lang) -> AnyView {
    let Some(programme) = &member.programme else {
        return nothing();
    };
    let list: Vec<AnyView> = programme
        .tiers
        .iter()
        .map(|tier| {
            let here = tier.reference == member.tier();
            let benefits: Vec<AnyView> = tier
                .benefits
                .iter()
                .map(|benefit| view! { <li>{benefit.get(lang).to_owned()}</li> }.into_any())
                .collect();
            view! {
                <li class="card tier-card" aria-current=here.then_some("true")>
                    <p class="tier-name">
                        <strong>{tier.name.get(lang).to_owned()}</strong>
                        <span class="detail">
                            {if here {
                                text::you_are_here(lang).to_owned()
                            } else {
                                text::from_points(lang, &text::points(lang, tier.threshold))
                            }}
                        </span>
                    </p>
                    <ul class="benefits">{benefits}</ul>
                </li>
            }
            .into_any()
        })
        .collect();
    let period = member.status.as_ref().map(|status| {
        view! {
            <p class="hint">
                {text::earned_in_period(
                    lang,
                    &text::points(lang, status.points),
                    &format::day(lang, status.from),
                )}
                " "
                {text::review_on(lang, &format::day(lang, status.review_on))}
            </p>
        }
    });
    section(
        text::tiers_title(lang),
        view! {
            {period}
            <ul class="tiers">{list}</ul>
        }
        .into_any(),
    )
}

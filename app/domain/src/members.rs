//! Members, their company, their advisor, their devices.

use crate::id::{CompanyId, MemberId, SessionId};
use crate::{Lang, Text, Timestamp};
use serde::{Deserialize, Serialize};

/// The part a person has in what their company buys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    Decider,
    Buyer,
    Payer,
    Prescriber,
    User,
}

impl Function {
    pub const ALL: [Function; 5] = [
        Function::Decider,
        Function::Buyer,
        Function::Payer,
        Function::Prescriber,
        Function::User,
    ];

    pub fn code(self) -> &'static str {
        match self {
            Function::Decider => "decider",
            Function::Buyer => "buyer",
            Function::Payer => "payer",
            Function::Prescriber => "prescriber",
            Function::User => "user",
        }
    }

    pub fn from_code(code: &str) -> Option<Function> {
        Function::ALL.into_iter().find(|function| function.code() == code)
    }
}

/// Who gets the points of an order: the company's policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderPoints {
    /// The company's wallet, spent by its managers.
    Company,
    /// The member named on the order; the company where none is named.
    Member,
}

impl OrderPoints {
    pub fn code(self) -> &'static str {
        match self {
            OrderPoints::Company => "company",
            OrderPoints::Member => "member",
        }
    }

    pub fn from_code(code: &str) -> Option<OrderPoints> {
        [OrderPoints::Company, OrderPoints::Member]
            .into_iter()
            .find(|policy| policy.code() == code)
    }
}

/// The signed-in member, as their own phone knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    pub id: MemberId,
    pub name: String,
    pub phone: Option<String>,
    pub email: Option<String>,
    /// A trade of [`crate::programme::Programme::trades`].
    pub trade: String,
    pub function: Function,
    /// Sees and spends the company's wallet.
    pub manager: bool,
    pub language: Lang,
    pub company: Company,
    pub advisor: Option<Advisor>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Company {
    pub id: CompanyId,
    pub name: String,
    pub town: String,
    pub order_points: OrderPoints,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advisor {
    pub name: String,
    pub phone: Option<String>,
    pub email: Option<String>,
}

/// A phone or browser that is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    pub session: SessionId,
    /// What it called itself, e.g. `Chrome · Android`.
    pub name: String,
    pub signed_in_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    SetLanguage {
        language: Lang,
    },
    /// Ends the session of a device of this member.
    SignOutDevice {
        session: SessionId,
    },
}

/// A trade, as the programme lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trade {
    #[serde(rename = "ref")]
    pub reference: String,
    pub name: Text,
}

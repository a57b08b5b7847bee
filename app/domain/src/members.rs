//! Members, their company, their advisor, their devices.

use crate::id::{CompanyId, MemberId, SessionId};
use crate::newer::codes;
use crate::samples::{Giver, Things};
use crate::{Lang, Text, Timestamp};
use serde::{Deserialize, Serialize};

codes! {
    /// A person's role in their company's purchases.
    pub enum Function {
        Decider = "decider",
        Buyer = "buyer",
        Payer = "payer",
        Prescriber = "prescriber",
        User = "user",
    }
}

codes! {
    /// The company's policy on who gets the points of an order.
    pub enum OrderPoints {
        /// The company's wallet, spent by its managers.
        Company = "company",
        /// The member named on the order, or the company if none is named.
        Member = "member",
    }
}

/// The signed-in member, as shown on their own phone.
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
    #[serde(deserialize_with = "crate::text::known_or_default")]
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

/// A member of a company, as its managers see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Colleague {
    pub name: String,
    /// A trade of [`crate::programme::Programme::trades`].
    pub trade: String,
    pub function: Function,
    pub manager: bool,
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
    /// The name it reported, e.g. `Chrome · Android`.
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

impl Command {
    /// A sample of each command.
    pub fn samples(things: &Things) -> Vec<Command> {
        vec![
            Command::SetLanguage {
                language: things.language,
            },
            Command::SignOutDevice {
                session: things.session,
            },
        ]
    }

    /// Returns who may give the command.
    pub fn giver(&self) -> Giver {
        match self {
            Command::SetLanguage { .. } => Giver::Anybody,
            Command::SignOutDevice { .. } => Giver::Owner,
        }
    }
}

/// A trade in the programme's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    #[serde(rename = "ref")]
    pub reference: String,
    pub name: Text,
}

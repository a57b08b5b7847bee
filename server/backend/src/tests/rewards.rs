use super::{PROGRAMME, apply, caller, documents, envelope, order, populate, proof, send};
use crate::programme::apply::Past;
use crate::testing::TestDb;
use crate::{both, programme, rewards};
use domain::document::Collection;
use domain::id::{CommandId, RewardId};
use domain::input::{InputCode, InputPlace};
use domain::ledger::{Balance, Wallet};
use domain::notices::{About, Notice};
use domain::rewards::{Command, Redemption, Reward, Step};
use domain::stock::Band;
use domain::{Error, Receipt, Verdict};

const REWARDS: &str = r#"
[[reward]]
ref = "thermometer"
title = { fr = "Thermomètre", en = "Thermometer" }
summary = { fr = "Pour la pâte", en = "For dough" }
body = { fr = "Utile.", en = "Useful." }
shelf = "work"
points = 30
stock = 1
delivery = "advisor"

[[reward]]
ref = "tree"
title = { fr = "Un arbre", en = "A tree" }
summary = { fr = "Planté", en = "Planted" }
body = { fr = "Merci.", en = "Thank you." }
shelf = "solidarity"
points = 20
delivery = "voucher"

[[reward]]
ref = "trip"
title = { fr = "Voyage", en = "Trip" }
summary = { fr = "Loin", en = "Far" }
body = { fr = "Loin.", en = "Far." }
shelf = "leisure"
points = 10
delivery = "post"
tiers = ["stone"]
"#;

async fn shop(test: &TestDb) {
    populate(test).await;
    order(
        test,
        "o-1,c-mill,2026-11-01,1,100.00,\no-2,c-site,2026-11-01,1,50.00,m-cat\n",
    )
    .await;
    let mut tx = test.db.write().await.unwrap();
    assert_eq!(rewards::import_file(&mut tx, REWARDS).await.unwrap(), 3);
    tx.commit().await.unwrap();
}

async fn reward(test: &TestDb, title: &str) -> Reward {
    let ann = caller(test, "m-ann").await;
    let all: Vec<(String, Reward)> = documents(test, &ann, Collection::Reward).await;
    all.into_iter()
        .map(|(_, reward)| reward)
        .find(|reward| reward.title.en == title)
        .unwrap()
}

fn redeem(reward: &Reward, wallet: Wallet) -> domain::Command {
    domain::Command::Rewards(Command::Redeem {
        reward: reward.id,
        points: reward.points,
        wallet,
    })
}

fn take_back(number: u128) -> domain::Command {
    domain::Command::Rewards(Command::TakeBack {
        redemption: CommandId(uuid::Uuid::from_u128(number)),
    })
}

async fn available(test: &TestDb, member: &str, wallet: Wallet) -> (i64, i64) {
    let caller = caller(test, member).await;
    let balances: Vec<(String, Balance)> = documents(test, &caller, Collection::Balance).await;
    let balance = balances
        .into_iter()
        .find(|(id, _)| id == wallet.code())
        .unwrap()
        .1;
    (balance.available, balance.reserved)
}

both! {
    async fn a_file_with_the_same_stock_leaves_what_is_left(test) {
        shop(test).await;
        let cat = caller(test, "m-cat").await;
        let thermometer = reward(test, "Thermometer").await;
        let band = async || reward(test, "Thermometer").await.stock;
        let import = async |text: &str| {
            let mut tx = test.db.write().await.unwrap();
            rewards::import_file(&mut tx, text).await.unwrap();
            tx.commit().await.unwrap();
        };
        let asked = send(test, &cat, 1, redeem(&thermometer, Wallet::Own)).await;
        assert!(matches!(asked, Verdict::Confirmed(_)), "{asked:?}");
        import(&REWARDS.replace("For dough", "For dough and cream")).await;
        assert_eq!(band().await, Band::None);
        import(&REWARDS.replace("stock = 1", "stock = 2")).await;
        assert_eq!(band().await, Band::of(2));
        import(&REWARDS.replace("stock = 1\n", "")).await;
        assert_eq!(band().await, Band::Many);
        import(REWARDS).await;
        assert_eq!(band().await, Band::of(1));
    }

    async fn a_tier_that_content_names_cannot_go(test) {
        shop(test).await;
        let (start, rest) = PROGRAMME.split_once("[[tier]]\nref = \"stone\"").unwrap();
        let (_, rest) = rest.split_once("[[earning]]").unwrap();
        let without = format!("{start}[[earning]]{rest}");
        let settings = programme::Settings::parse(&without).unwrap();
        let mut tx = test.db.write().await.unwrap();
        let wrong = programme::apply::apply(&mut tx, &settings, Past::Keeps).await.unwrap_err();
        let by = vec![InputPlace::Reward("trip".into())];
        let expected = InputCode::StillUsed { by }.at(InputPlace::Tier("stone".into()));
        assert!(matches!(&wrong, crate::Error::Input(error) if *error == expected), "{wrong:?}");
        rewards::withdraw(&mut tx, "trip").await.unwrap();
        programme::apply::apply(&mut tx, &settings, Past::Keeps).await.unwrap();
    }

    async fn a_request_reserves_then_spends(test) {
        shop(test).await;
        let (cat, tree) = (caller(test, "m-cat").await, reward(test, "A tree").await);
        let verdict = send(test, &cat, 1, redeem(&tree, Wallet::Own)).await;
        assert_eq!(verdict, Verdict::Confirmed(Receipt::Reserved { points: 20 }));
        assert_eq!(available(test, "m-cat", Wallet::Own).await, (30, 20));
        let mut tx = test.db.write().await.unwrap();
        assert_eq!(rewards::open_requests(&mut tx).await.unwrap().len(), 1);
        let id = CommandId(uuid::Uuid::from_u128(1));
        rewards::advance(&mut tx, id, Step::Accepted).await.unwrap();
        assert!(rewards::advance(&mut tx, id, Step::Declined).await.unwrap_err().to_string().contains("accepted"));
        tx.commit().await.unwrap();
        assert_eq!(available(test, "m-cat", Wallet::Own).await, (30, 0));
        assert_eq!(proof(test).await.spent, 20);
        let mine: Vec<(String, Redemption)> = documents(test, &cat, Collection::Redemption).await;
        let steps: Vec<Step> = mine[0].1.steps.iter().map(|(_, step)| *step).collect();
        assert_eq!(steps, [Step::Reserved, Step::Accepted]);
        assert!(mine[0].1.voucher.as_ref().is_some_and(|voucher| voucher.text.starts_with("CPG1:")));
        let notices: Vec<(String, Notice)> = documents(test, &cat, Collection::Notice).await;
        assert!(matches!(notices[0].1.about, About::RequestMoved { step: Step::Accepted, .. }));
        assert_eq!(send(test, &cat, 2, take_back(1)).await, Verdict::Refused(Error::AlreadyHandled));
    }

    async fn taking_back_frees_points_and_stock(test) {
        shop(test).await;
        let (cat, last) = (caller(test, "m-cat").await, reward(test, "Thermometer").await);
        assert_eq!(send(test, &cat, 1, redeem(&last, Wallet::Own)).await, Verdict::Confirmed(Receipt::Reserved { points: 30 }));
        assert_eq!(reward(test, "Thermometer").await.stock, Band::None);
        assert_eq!(send(test, &cat, 2, take_back(1)).await, Verdict::Confirmed(Receipt::Released { points: 30 }));
        assert_eq!(reward(test, "Thermometer").await.stock, Band::Few);
        assert_eq!(available(test, "m-cat", Wallet::Own).await, (50, 0));
        assert_eq!(send(test, &cat, 3, take_back(1)).await, Verdict::Refused(Error::AlreadyHandled));
        let ann = caller(test, "m-ann").await;
        assert_eq!(send(test, &ann, 4, take_back(1)).await, Verdict::Refused(Error::NotFound));
        proof(test).await;
    }

    async fn refusals_say_why_and_leave_nothing(test) {
        shop(test).await;
        let (bob, cat) = (caller(test, "m-bob").await, caller(test, "m-cat").await);
        let (last, trip) = (reward(test, "Thermometer").await, reward(test, "Trip").await);
        assert_eq!(send(test, &bob, 1, redeem(&last, Wallet::Own)).await, Verdict::Refused(Error::NotEnoughPoints { missing: 30 }));
        assert_eq!(send(test, &bob, 2, redeem(&last, Wallet::Company)).await, Verdict::Refused(Error::ManagersOnly));
        assert_eq!(send(test, &cat, 3, redeem(&trip, Wallet::Own)).await, Verdict::Refused(Error::NotForYourTier));
        let cheap = Reward { points: 1, ..last.clone() };
        assert_eq!(send(test, &cat, 4, redeem(&cheap, Wallet::Own)).await, Verdict::Refused(Error::PriceChanged { price: 30 }));
        let gone = Reward { id: RewardId(uuid::Uuid::nil()), ..last.clone() };
        assert_eq!(send(test, &cat, 5, redeem(&gone, Wallet::Own)).await, Verdict::Refused(Error::NotFound));
        assert_eq!(reward(test, "Thermometer").await.stock, Band::Few, "a refused request keeps no stock");
        let proof = proof(test).await;
        assert_eq!((proof.held, proof.available), (0, 150));
    }

    async fn a_manager_spends_the_companys_points(test) {
        shop(test).await;
        let (ann, last) = (caller(test, "m-ann").await, reward(test, "Thermometer").await);
        assert_eq!(send(test, &ann, 1, redeem(&last, Wallet::Company)).await, Verdict::Confirmed(Receipt::Reserved { points: 30 }));
        assert_eq!(available(test, "m-ann", Wallet::Company).await, (70, 30));
        assert_eq!(send(test, &ann, 2, redeem(&last, Wallet::Company)).await, Verdict::Refused(Error::SoldOut));
        proof(test).await;
    }

    async fn of_a_hundred_requests_for_the_last_piece_one_wins(test) {
        shop(test).await;
        let (ann, cat, last) = (caller(test, "m-ann").await, caller(test, "m-cat").await, reward(test, "Thermometer").await);
        let mut tasks = Vec::new();
        for number in 0..100_u128 {
            let caller = if number % 2 == 0 { ann.clone() } else { cat.clone() };
            let wallet = if number % 2 == 0 { Wallet::Company } else { Wallet::Own };
            let body = envelope(&caller, 1000 + number, redeem(&last, wallet), test.db.now());
            let server = test.sync.clone();
            tasks.push(tokio::spawn(async move {
                apply(&server, &caller, &[body]).await.unwrap()[0].outcome.verdict.clone()
            }));
        }
        let (mut reserved, mut refused) = (0, 0);
        for task in tasks {
            match task.await.unwrap() {
                Verdict::Confirmed(Receipt::Reserved { points: 30 }) => reserved += 1,
                Verdict::Refused(Error::SoldOut) => refused += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((reserved, refused), (1, 99));
        assert_eq!(proof(test).await.held, 30);
    }

    async fn one_wallet_is_never_overdrawn_by_many_hands(test) {
        shop(test).await;
        let (cat, tree) = (caller(test, "m-cat").await, reward(test, "A tree").await);
        let tasks: Vec<_> = (0..20_u128).map(|number| {
            let body = envelope(&cat, 2000 + number, redeem(&tree, Wallet::Own), test.db.now());
            let (server, cat) = (test.sync.clone(), cat.clone());
            tokio::spawn(async move { apply(&server, &cat, &[body]).await.unwrap() })
        }).collect();
        let mut reserved = 0;
        for task in tasks {
            reserved += usize::from(task.await.unwrap()[0].json().contains("reserved"));
        }
        assert_eq!(reserved, 2, "50 points buy two of 20");
        assert_eq!(available(test, "m-cat", Wallet::Own).await, (10, 40));
        proof(test).await;
    }
}

//! Words of the first screen.

say! {
    gets_you_there: "Ce qui vous fait avancer", "What gets you there";
    orders_to_tier_detail: "Avec vos commandes seules", "With your orders alone";
    orders_detail: "Avec vos commandes", "With your orders";
}

fill! {
    hello(name: &str): "Bonjour {name}", "Hello {name}";
    course_begun(minutes: &str): "Cours commencé · {minutes}", "Course begun · {minutes}";
    course_in(minutes: &str): "Cours · {minutes}", "Course · {minutes}";
    orders_to_tier(amount: &str): "{amount} de commandes de plus", "{amount} more of orders";
    orders(amount: &str): "{amount} de commandes", "{amount} of orders";
}

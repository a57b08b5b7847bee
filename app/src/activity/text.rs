//! Words of the activity page.

say! {
    act_unreadable: "Acte d’une autre version de l’application", "Act of another version of the app";
    activity_hint: "Tout ce que vous avez fait, et où cela en est.", "Everything you did, and where it has got to.";
    no_acts: "Rien encore. Ce que vous faites apparaît ici, envoyé ou non.", "Nothing yet. What you do appears here, sent or not.";
    show_more: "Voir plus", "Show more";
    parked_hint: "L’envoi a échoué plusieurs fois. Rien n’est perdu. Réessayez, ou appelez votre conseiller.", "Sending failed several times. Nothing is lost. Try again, or call your advisor.";
}

//! Words of no one feature: the shell, the states of an act, what several features say.

say! {
    newer_hint: "Mettez l’application à jour pour voir ceci.", "Update the app to see this.";
    something: "élément retiré depuis", "something withdrawn since";
    skip: "Aller au contenu", "Skip to content";
    parts_of_the_app: "Rubriques", "Sections";
    tab_home: "Accueil", "Home";
    tab_learn: "Cours", "Learn";
    tab_events: "Agenda", "Events";
    tab_rewards: "Cadeaux", "Rewards";
    tab_me: "Moi", "Me";
    back: "Retour", "Back";
    look: "Voir", "Look";
    not_there_title: "Introuvable", "Not there";
    not_there: "Ce n’est plus proposé, ou pas encore arrivé sur ce téléphone.", "This is no longer offered, or has not reached this phone yet.";
    nowhere_title: "Page introuvable", "Page not found";
    nowhere: "Cette adresse ne mène nulle part. Rien n’est perdu : revenez à l’accueil.", "This address leads nowhere. Nothing is lost: go back home.";
    saved_on_phone: "Enregistré sur ce téléphone", "Saved on this phone";
    could_not_save: "Pas enregistré : le téléphone n’a plus de place. Libérez-en, puis recommencez.", "Not saved: the phone has run out of room. Free some, then try again.";
    state_saved: "Enregistré sur ce téléphone", "Saved on this phone";
    state_sent: "Envoyé", "Sent";
    state_confirmed: "Confirmé", "Confirmed";
    state_refused: "Refusé", "Refused";
    state_parked: "Bloqué", "Stuck";
    offline: "Hors ligne", "Offline";
    session_over: "Votre session a expiré. Tout reste sur ce téléphone.", "Your session has ended. Everything stays on this phone.";
    sign_in: "Se connecter", "Sign in";
    too_old: "Cette version est trop ancienne pour envoyer. Ce que vous avez fait reste ici.", "This version is too old to send. What you did stays here.";
    reload: "Recharger", "Reload";
    evicted: "Ce téléphone avait manqué de place et effacé les données de l’application. Elles reviennent du serveur ; ce qui n’était pas envoyé est perdu.", "This phone ran short of room and erased the app’s data. It comes back from the server; what had not been sent is lost.";
    understood: "Compris", "Understood";
    newer_app: "Une nouvelle version est prête.", "A new version is ready.";
    change_over: "L’utiliser", "Use it";
    try_again: "Réessayer", "Try again";
    needs_network: "Cette page vient du serveur : il lui faut du réseau. Tout le reste marche sans.", "This page comes from the server and needs a network. Everything else works without.";
    server_busy: "Le serveur est occupé. Réessayez dans un instant.", "The server is busy. Try again in a moment.";
    needs_newer_app: "Cette page demande une application plus récente.", "This page needs a newer app.";
    first_title: "Vos données arrivent sur ce téléphone", "Your data is coming to this phone";
    first_offline_title: "Il faut du réseau une première fois", "A connection is needed once";
    first_offline: "Vos données ne sont pas encore sur ce téléphone. Ensuite, l’application marche sans réseau.", "Your data is not on this phone yet. After that, the app works without a network.";
    screen_missing_title: "Cet écran n’est pas encore sur ce téléphone", "This screen is not on this phone yet";
    screen_missing: "Il arrive dès qu’il y a du réseau. Ce que vous avez enregistré est en sécurité.", "It comes as soon as there is a connection. What you have saved is safe.";
    signed_out_title: "Vous êtes déconnecté", "You are signed out";
    signed_out: "Pour vous connecter, il faut du réseau. Ce que vous avez gardé sur ce téléphone vous attend, chiffré.", "Signing in needs a connection. What you kept on this phone is waiting for you, encrypted.";
    ended_title: "Ce téléphone a été déconnecté", "This phone was signed out";
    ended: "Depuis un autre appareil ou par le programme. Vos données sont effacées d’ici. Ce qui n’était pas envoyé reste, illisible, et part quand vous vous reconnectez sur ce téléphone.", "From another device or by the programme. Your data is erased from here. What had not been sent stays, unreadable, and goes out when you sign in again on this phone.";
    hidden_title: "Trente jours sans réseau", "Thirty days without a network";
    hidden: "Vos données restent sur ce téléphone, cachées jusqu’au prochain contact avec le serveur. Ce que vous avez fait n’est pas perdu.", "Your data stays on this phone, hidden until the next contact with the server. What you did is not lost.";
    no_store_title: "Ce navigateur ne garde rien", "This browser keeps nothing";
    no_store: "L’application a besoin d’enregistrer sur ce téléphone. Quittez la navigation privée ou libérez de la place.", "The app needs to save on this phone. Leave private browsing, or free some room.";
    take_back: "Reprendre ma demande", "Take my request back";
    to_confirm: "À confirmer", "To confirm";
    activity_title: "Mon activité", "My activity";
    send_now: "Envoyer maintenant", "Send now";
}

fill! {
    hour_in(hour: &str, city: &str): "{hour} (heure de {city})", "{hour} ({city} time)";
    reserved_for(tiers: &str): "Réservé : {tiers}", "Reserved: {tiers}";
    offline_as_of(at: &str): "Hors ligne – {at}", "Offline – as of {at}";
    server_failed(id: &str): "Le serveur n’a pas pu répondre. Réessayez. Si cela recommence, donnez cette référence à votre conseiller : {id}", "The server could not do it. Try again. If it happens again, give your advisor this reference: {id}";
}

count! {
    minutes: "{n} min" / "{n} min", "{n} min" / "{n} min";
    to_send: "{n} à envoyer" / "{n} à envoyer", "{n} to send" / "{n} to send";
    sign_in_to_send: "Connectez-vous pour envoyer {n} élément." / "Connectez-vous pour envoyer {n} éléments.", "Sign in to send {n} item." / "Sign in to send {n} items.";
    some_stuck: "{n} envoi est bloqué. Rien n’est perdu." / "{n} envois sont bloqués. Rien n’est perdu.", "{n} item is stuck. Nothing is lost." / "{n} items are stuck. Nothing is lost.";
    some_refused: "{n} demande a été refusée." / "{n} demandes ont été refusées.", "{n} request was refused." / "{n} requests were refused.";
}

//! Texts on the data stored about a member: in the app, offline, and on the public page `/legal`.

say! {
    legal_kept_title: "Ce que nous gardons de vous", "What we keep about you";
    legal_who: "Votre nom, votre mobile, votre e-mail, votre métier, votre fonction, votre langue et votre entreprise, tels que votre fournisseur nous les a donnés.", "Your name, mobile, e-mail, trade, function, language and company, as your supplier gave them to us.";
    legal_orders: "Les commandes de votre entreprise : date, quantité, montant. Elles donnent les points et le statut.", "Your company’s orders: date, quantity, amount. Points and status come from them.";
    legal_acts: "Ce que vous faites ici : leçons lues, quiz passés, inscriptions, demandes de récompense, et le mouvement de chaque point.", "What you do here: lessons read, quizzes taken, places in events, rewards asked for, and every movement of points.";
    legal_devices: "Les téléphones connectés : le nom du navigateur, la date de connexion et l’heure de la dernière mise à jour.", "The phones that are signed in: the browser’s name, when it signed in and when it last updated.";
    legal_long_title: "Pendant combien de temps", "For how long";
    legal_long_codes: "Les codes de connexion et l’adresse réseau d’où ils ont été demandés : jusqu’à un jour après la fin du code.", "Sign-in codes and the network address they were asked from: until a day after the code ends.";
    legal_long_sessions: "Une connexion : 90 jours après la dernière utilisation, ou jusqu’à ce que vous l’arrêtiez ; sa trace, 30 jours de plus.", "A sign-in: 90 days after it was last used, or until you end it; its record, 30 days more.";
    legal_long_acts: "Le détail de ce que vous faites ici (vos réponses à un quiz, par exemple)\u{202f}: 90 jours\u{202f}; ensuite, seul le résultat reste.", "The details of what you do here (your answers in a quiz, for instance): 90 days; after that only the result stays.";
    legal_long_points: "Les points et ce qui les a fait bouger : tant que dure le programme. Ce sont des écritures comptables, elles sont corrigées mais jamais effacées.", "Points and what moved them: as long as the programme runs. They are accounts: corrected, never erased.";
    legal_long_rest: "Le reste : tant que vous êtes membre.", "The rest: as long as you are a member.";
    legal_never_title: "Ce que nous ne faisons pas", "What we do not do";
    legal_never: "Pas de publicité, pas de mesure d’audience par des tiers, pas de position GPS, aucune revente. Les cookies servent à vous reconnaître et à retenir votre langue, rien d’autre.", "No advertising, no tracking by others, no GPS position, nothing is sold. Cookies recognise you and remember your language, nothing else.";
    privacy_title: "Mes données", "My data";
    privacy_here_title: "Sur ce téléphone", "On this phone";
    privacy_here: "Une copie de vos propres données, pour ouvrir l’application sans réseau. Après trente jours sans contact, elle est cachée. En vous déconnectant, vous l’effacez ou la gardez chiffrée.", "A copy of your own data, so that the app opens without a network. After thirty days without contact it is hidden. When you sign out, you erase it or keep it encrypted.";
    privacy_documents: "Fiches à lire sans réseau", "Pages to read without a network";
    privacy_acts: "Ce que vous avez fait ici", "What you did here";
    privacy_acts_hint: "Gardé sept jours après la réponse du serveur.", "Kept seven days after the server’s answer.";
    privacy_unsent: "Pas encore envoyé", "Not sent yet";
    privacy_drafts: "Brouillons", "Drafts";
    privacy_room: "Place prise, application comprise", "Room taken, the app included";
    privacy_rights: "Voir, corriger, copier ou effacer : vos droits", "See, correct, copy or erase: your rights";
    privacy_rights_hint: "Cette page a besoin de réseau.", "This page needs a network.";
}

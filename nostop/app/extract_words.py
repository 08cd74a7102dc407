"""What a citizen's extract says, in English and Welsh: sentences for what stands in the audit log
as words. What has no sentence here is counted and not told."""

Said = tuple[str, str]

ACTIONS: dict[str, Said] = {
    "person.read": ("Read your record", "Darllenodd eich cofnod"),
    "person.suppressed": (
        "Noted that nobody writes to you",
        "Nododd na ddylai neb ysgrifennu atoch",
    ),
    "person.suppression_lifted": (
        "Noted that you may be written to again",
        "Nododd y gellir ysgrifennu atoch eto",
    ),
    "case.decided": ("Decided something on your case", "Penderfynodd rywbeth ar eich achos"),
    "case.second": (
        "Looked at a decision as a second person",
        "Edrychodd ar benderfyniad fel ail berson",
    ),
    "case.corrected": ("Corrected a fact", "Cywirodd ffaith"),
    "case.correction_undone": (
        "Took a correction back",
        "Tynnodd gywiriad yn ôl",
    ),
    "case.noted": ("Wrote a note", "Ysgrifennodd nodyn"),
    "case.document_added": ("Added a document", "Ychwanegodd ddogfen"),
    "case.document_taken": ("Opened a document", "Agorodd ddogfen"),
    "case.read_again": (
        "Read your case as a second person",
        "Darllenodd eich achos fel ail berson",
    ),
    "extract.made": ("Made an extract such as this", "Gwnaeth ddyfyniad fel hwn"),
    "audit.read": (
        "Looked up who had read your record",
        "Edrychodd pwy oedd wedi darllen eich cofnod",
    ),
}
PURPOSES: dict[str, Said] = {
    "case_work": ("to work on your case", "i weithio ar eich achos"),
    "cases": ("to work on your case", "i weithio ar eich achos"),
    "search": ("searching for a case", "wrth chwilio am achos"),
    "link_review": (
        "to check whether two records are of one person",
        "i wirio a yw dau gofnod yn perthyn i un person",
    ),
    "link_history": (
        "to check how records were joined",
        "i wirio sut y cysylltwyd cofnodion",
    ),
    "override_review": ("to check our rules", "i wirio ein rheolau"),
    "life_events": ("to see what had changed", "i weld beth oedd wedi newid"),
    "subject_access": ("because you asked", "am eich bod wedi gofyn"),
    "claim_support": ("to help you claim", "i'ch helpu i hawlio"),
    "complaint": ("because of a complaint", "oherwydd cwyn"),
    "quality_check": ("to check our own work", "i wirio ein gwaith ein hunain"),
}
ROLES: dict[str, Said] = {
    "caseworker": ("A caseworker", "Gweithiwr achos"),
    "senior": ("A senior caseworker", "Uwch weithiwr achos"),
    "rule_author": ("An author of the rules", "Awdur y rheolau"),
    "campaign_approver": ("A campaign approver", "Cymeradwywr ymgyrchoedd"),
    "policy_analyst": ("A policy analyst", "Dadansoddwr polisi"),
    "auditor": ("An auditor", "Archwilydd"),
    "administrator": ("An administrator", "Gweinyddwr"),
}
SERVICE: Said = ("The service itself", "Y gwasanaeth ei hun")
CHANNELS: dict[str, Said] = {
    "email": ("E-mail", "E-bost"),
    "phone": ("Telephone", "Ffôn"),
    "post": ("Letter", "Llythyr"),
    "sms": ("Text message", "Neges destun"),
}
OTHER: Said = ("Message", "Neges")
LANGUAGES = ("en", "cy")
TEXTS: dict[str, Said] = {
    "title": ("Who looked at your record, and why", "Pwy edrychodd ar eich cofnod, a pham"),
    "made": (
        "Made on {day}, for the record {person}.",
        "Gwnaed ar {day}, ar gyfer cofnod {person}.",
    ),
    "who": ("Who", "Pwy"),
    "when": ("When", "Pryd"),
    "what": ("What", "Beth"),
    "why": ("Why", "Pam"),
    "seen": ("Who looked and what they did", "Pwy edrychodd a beth a wnaeth"),
    "none": ("Nobody has.", "Neb."),
    "sent": ("What was sent to you", "Beth a anfonwyd atoch"),
    "none_sent": ("Nothing was.", "Dim."),
    "benefit": ("About", "Am"),
    "how": ("How", "Sut"),
    "others": (
        "{number} more entries are about how the service runs, and are not listed.",
        "Mae {number} cofnod arall yn ymwneud â rhedeg y gwasanaeth, ac nid ydynt wedi'u rhestru.",
    ),
    "shared": (
        "What was done on a case that you share with somebody else is not listed: ask us.",
        "Ni restrir yr hyn a wnaed ar achos yr ydych yn ei rannu â rhywun arall: gofynnwch i ni.",
    ),
    "wrong": (
        "If somebody looked who should not have, tell us: it is looked into.",
        "Os edrychodd rhywun na ddylai, dywedwch wrthym: bydd yn cael ei ymchwilio.",
    ),
    "cut": (
        "There are more entries than the {number} listed here: ask for an earlier extract.",
        "Mae mwy o gofnodion na'r {number} a restrir yma: gofynnwch am ddyfyniad cynharach.",
    ),
}

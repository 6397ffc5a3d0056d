"""Whose a host is, under the name people know, and of what kind its owner is.

A domain stands for every host below it (`facebook.com` is `business.facebook.com` too), the
longest that fits decides (`mail.google.com` is not Google's search), and a country's domain is
read as `.com` where `COUNTRIES` names the owner (`news.google.de`). `=` in front takes the host
alone: other people live below it. A word that begins with `com.`, `org.` and the like is an
application, which announces itself as `android-app://com.pinterest`, and stands for all that
begin with it. Hosts and names come from the owners' own sites, from the lists of snowplow's
referer-parser and Matomo, and from what GoatCounter and Plausible have seen; an entry that needs
more says it. The rare and the bygone are in `long_tail`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

COUNTRIES = ("amazon", "ebay", "google", "pinterest", "yahoo", "yandex")
"""Owners of one name under many countries' domains."""

SEARCH: Mapping[str, str] = {
    # The application is the search box and Discover on Android.
    "Google": "google.com webcache.googleusercontent.com "
    "com.google.android.googlequicksearchbox com.google.android.apps.searchlite",
    "Google News": "news.google.com com.google.android.apps.magazines",  # search in GA4's list
    "Google Scholar": "scholar.google.com",
    # `ntp` is the page of a new tab in Edge, whose search box is Bing's (Plausible).
    "Bing": "bing.com bingj.com ntp.msn.com search.msn.com search.live.com com.microsoft.bing",
    "MSN": "msn.com",  # search in GA4's list
    "DuckDuckGo": "duckduckgo.com com.duckduckgo.mobile.android",
    "Yahoo": "yahoo.com com.yahoo.mobile.client.android.search",
    "Yandex": "yandex.com yandex.net ya.ru ru.yandex.searchplugin",
    "Ecosia": "ecosia.org",
    "Brave Search": "search.brave.com",
    "Startpage": "startpage.com ixquick.com ixquick.de",  # its name until 2016
    "Qwant": "qwant.com",
    "Kagi": "kagi.com",
    "Marginalia": "marginalia.nu marginalia-search.com",
    "Mojeek": "mojeek.com",
    "Presearch": "presearch.com presearch.org",
    "Swisscows": "swisscows.com swisscows.ch",
    "MetaGer": "metager.org metager.de",
    "Yep": "yep.com",
    "AOL": "aol.com aol.de aol.fr aol.co.uk aol.it aol.ca aol.com.au aol.com.mx aolsearch.com",
    "Ask": "ask.com ask.co.uk askkids.com search-results.com",
    "Lycos": "lycos.com",
    "Seznam": "seznam.cz",
    "Naver": "naver.com com.nhn.android.search",
    "Daum": "daum.net net.daum.android.daum",
    "Baidu": "baidu.com com.baidu.searchbox",
    "Sogou": "sogou.com soso.com",
    "360 Search": "so.com 360.cn",
    "Shenma": "sm.cn",
    "Cốc Cốc": "coccoc.com",
    "Rambler": "rambler.ru",
    "Mail.ru": "mail.ru",  # its search is go.mail.ru
}

AI: Mapping[str, str] = {
    "ChatGPT": "chatgpt.com chat.openai.com com.openai.chatgpt",  # the second until 2024
    "Claude": "claude.ai com.anthropic.claude",
    # "Bard" until 2024.
    "Gemini": "gemini.google.com bard.google.com com.google.android.apps.bard",
    "NotebookLM": "notebooklm.google.com notebooklm.google",
    # `edgeservices.bing.com` is the assistant beside the page in Edge.
    "Microsoft Copilot": "copilot.microsoft.com copilot.com copilot.cloud.microsoft "
    "m365.cloud.microsoft edgeservices.bing.com com.microsoft.copilot",
    "Perplexity": "perplexity.ai ai.perplexity.app.android",
    "DeepSeek": "deepseek.com com.deepseek.chat",
    "Mistral": "chat.mistral.ai ai.mistral.chat",
    "Grok": "grok.com ai.x.grok",
    "Meta AI": "meta.ai",
    "Qwen": "chat.qwen.ai qwen.ai tongyi.com tongyi.aliyun.com",
    "Kimi": "kimi.com kimi.ai kimi.moonshot.cn",
    "Doubao": "doubao.com",
    "Baidu AI": "yiyan.baidu.com chat.baidu.com ai.baidu.com",
    "ChatGLM": "chatglm.cn chat.z.ai",
    "Poe": "poe.com",
    "Phind": "phind.com",
    "You.com": "you.com",
    "iAsk": "iask.ai",
    "Jasper": "jasper.ai",
    "Character.AI": "character.ai",
    "Felo": "felo.ai",
    "Genspark": "genspark.ai",
    "Lumo": "lumo.proton.me",
    "Duck.ai": "duck.ai",
}

SOCIAL: Mapping[str, str] = {
    "Facebook": "facebook.com fb.com fb.me fb.watch com.facebook "
    "facebookwkhpilnemxj7asaniu7vnjjbiltxjqhye3mhbshg7kx5tfyd.onion",  # about.fb.com, over Tor
    "Meta": "meta.com",  # what many tag its advertisements with
    "Instagram": "instagram.com ig.me com.instagram",
    "Threads": "threads.net threads.com com.instagram.barcelona",
    "X (Twitter)": "x.com twitter.com t.co com.twitter com.x.android",  # every link goes by t.co
    "LinkedIn": "linkedin.com lnkd.in com.linkedin",
    # The three applications read Reddit.
    "Reddit": "reddit.com redd.it com.reddit com.laurencedawson.reddit_sync io.syncapps.lemmy_sync "
    "com.andrewshu.android.reddit",
    "Pinterest": "pinterest.com pin.it com.pinterest",
    "TikTok": "tiktok.com com.zhiliaoapp.musically com.ss.android.ugc.trill",
    "Snapchat": "snapchat.com com.snapchat",
    # The last one is a reader for Android; the third shows the same stories in another order.
    "Hacker News": "news.ycombinator.com hn.algolia.com hckrnews.com "
    "io.github.hidroh.materialistic",
    "Lobsters": "lobste.rs",
    "Tildes": "tildes.net com.talklittle.android.tildes",
    "Bluesky": "bsky.app xyz.blueskyweb.app",  # people's own hosts are below bsky.social
    # The largest of thousands of servers, and two readers; most send no referrer.
    "Mastodon": "mastodon.social mastodon.online fosstodon.org hachyderm.io infosec.exchange "
    "mstdn.social mas.to phanpy.social org.joinmastodon.android com.keylesspalace.tusky",
    "Lemmy": "lemmy.world lemmy.ml",
    "Tumblr": "=tumblr.com t.umblr.com com.tumblr",
    "VK": "vk.com vk.ru vkontakte.ru com.vkontakte.android",
    "Odnoklassniki": "ok.ru odnoklassniki.ru ru.ok.android",
    "Weibo": "weibo.com weibo.cn t.cn com.sina.weibo",
    "Dzen": "dzen.ru zen.yandex.com",
    "Zhihu": "zhihu.com com.zhihu.android",
    "Douban": "douban.com",
    "Xiaohongshu": "xiaohongshu.com xhslink.com com.xingin.xhs",
    "Qzone": "qzone.qq.com",
    "Naver Blog": "blog.naver.com",
    "Naver Cafe": "cafe.naver.com",
    "Hatena": "b.hatena.ne.jp",
    "XING": "xing.com",
    "Nextdoor": "nextdoor.com",
    "Quora": "quora.com com.quora.android",
    "Product Hunt": "producthunt.com",
    "GitHub": "github.com com.github.android",
    "Stack Overflow": "stackoverflow.com stackoverflow.co",
    "Stack Exchange": "stackexchange.com serverfault.com superuser.com askubuntu.com",
    "Slashdot": "slashdot.org",
    "Medium": "=medium.com =link.medium.com com.medium.reader",
    "Flipboard": "flipboard.com flip.it flipboard.app flipboard.cn",
    "Pocket": "getpocket.com pocket.co com.ideashower.readitlater.pro",
    "Flickr": "flickr.com flic.kr",
    "Goodreads": "goodreads.com",
    "Meetup": "meetup.com",
    "SourceForge": "=sourceforge.net",
    "Steam": "steamcommunity.com",
    "Google Groups": "groups.google.com",
    "Disqus": "disqus.com disq.us",
    "Linktree": "linktr.ee",
    "Myspace": "myspace.com",
    "StumbleUpon": "stumbleupon.com",
    # Chat; GA4's list has it among the social ones, too.
    "Discord": "discord.com discordapp.com discord.gg com.discord",
    "Slack": "slack.com com.slack com.tinyspeck.chatlyio",
    "Telegram": "t.me telegram.me telegram.org org.telegram org.thunderdog.challegram "
    "org.aka.messenger",
    "WhatsApp": "whatsapp.com wa.me wl.co com.whatsapp",
    "Messenger": "messenger.com m.me com.facebook.orca",
    "WeChat": "wechat.com weixin.qq.com com.tencent.mm",
    "LINE": "line.me jp.naver.line.android",
    "KakaoTalk": "kakao.com com.kakao",
    "Viber": "viber.com com.viber",
    "Zalo": "zalo.me com.zing.zalo",
    "Skype": "skype.com com.skype",
    "Workplace": "workplace.com",
    # Where its links out are opened from.
    "Microsoft Teams": "teams.microsoft.com teams.live.com teams.cloud.microsoft "
    "statics.teams.cdn.office.net com.microsoft.teams",
    "Google Chat": "chat.google.com",
    "Mattermost": "mattermost.com com.mattermost",
}

VIDEO: Mapping[str, str] = {
    "YouTube": "youtube.com youtu.be youtube-nocookie.com youtube.googleapis.com "
    "com.google.android.youtube "
    "com.google.android.apps.youtube",
    "Vimeo": "vimeo.com com.vimeo",
    "Twitch": "twitch.tv tv.twitch",
    "Dailymotion": "dailymotion.com dai.ly",
    "Rumble": "rumble.com",
    "Odysee": "odysee.com",
    "Bilibili": "bilibili.com b23.tv",
    "Niconico": "nicovideo.jp",
    "Youku": "youku.com",
    "Douyin": "douyin.com",
    "Netflix": "netflix.com",
    "TED": "ted.com",
}

EMAIL: Mapping[str, str] = {
    "Gmail": "mail.google.com inbox.google.com com.google.android.gm",
    # Links in mails go through "eur01.safelinks.protection.outlook.com".
    "Outlook": "outlook.com outlook.live.com mail.live.com outlook.office.com "
    "outlook.office365.com outlook.cloud.microsoft hotmail.com com.microsoft.office.outlook",
    "Yahoo Mail": "mail.yahoo.com mail.yahoo.net com.yahoo.mobile.client.android.mail",
    "AOL Mail": "mail.aol.com com.aol.mobile.aolapp",
    "Proton Mail": "mail.proton.me mail.protonmail.com ch.protonmail.android",
    "Fastmail": "fastmail.com com.fastmail",
    "Zoho Mail": "mail.zoho.com mail.zoho.eu mail.zoho.in com.zoho.mail",
    "Tuta": "app.tuta.com mail.tutanota.com",
    "iCloud Mail": "=icloud.com",
    "Hey": "app.hey.com",
    "Yandex Mail": "mail.yandex.com ru.yandex.mail",
    "Mail.ru": "e.mail.ru touch.mail.ru away.mail.ru",
    "Rambler Mail": "mail.rambler.ru",
    "Seznam Mail": "email.seznam.cz",
    "Naver Mail": "mail.naver.com",
    "Daum Mail": "mail.daum.net mail2.daum.net",
    "QQ Mail": "mail.qq.com exmail.qq.com",
    "126 Mail": "mail.126.com",
    "163 Mail": "mail.163.com",
    # The redirects that links in the two services' mails go through, and their pages.
    "GMX": "deref-gmx.de deref-gmx.at deref-gmx.ch deref-gmx.fr deref-gmx.es deref-gmx.it "
    "deref-gmx.com deref-gmx.net deref-gmx.co.uk lightmailer.gmx.de lightmailer.gmx.net "
    "lightmailer-bs.gmx.net lightmailer-bap.gmx.net navigator.gmx.net",
    "WEB.DE": "deref-web.de 3c.web.de 3c-bap.web.de lightmailer-bap.web.de lightmailer-bs.web.de "
    "navigator.web.de",
    "T-Online": "email.t-online.de",
    "Freenet": "webmail.freenet.de",
    "IONOS": "email.ionos.de email.ionos.com email.ionos.co.uk email.ionos.fr email.ionos.es "
    "email.ionos.it mailbusiness.ionos.de mailbusiness.ionos.com mailbusiness.ionos.co.uk "
    "deref-1und1-02.de",
    "mail.com": "deref-mail.com 3c-lxa.mail.com lightmailer.mail.com",
    "Orange Mail": "mail01.orange.fr mail02.orange.fr wmail.orange.fr messagerie.orange.fr",
    "Superhuman": "mail.superhuman.com",
    "Mailchimp": "mailchimp.com campaign-archive.com mailchi.mp list-manage.com com.mailchimp",
}

OTHER: Mapping[str, str] = {
    # Other parts of Google that are no search.
    "Google Docs": "docs.google.com com.google.android.apps.docs.editors",
    "Google Drive": "drive.google.com",
    "Google Classroom": "classroom.google.com",
    "Google Meet": "meet.google.com",
    "Google Calendar": "calendar.google.com",
    "Google Maps": "maps.google.com com.google.android.apps.maps",
    "Google Translate": "translate.google.com translate.goog translate.googleusercontent.com",
    "Google Accounts": "accounts.google.com",
    "Google Analytics": "analytics.google.com tagassistant.google.com",
    "Yandex Maps": "maps.yandex.com",
    "Wikipedia": "wikipedia.org org.wikipedia",
    "Wikimedia": "wikimedia.org wikidata.org wiktionary.org wikivoyage.org wikiquote.org "
    "wikibooks.org wikisource.org wikinews.org mediawiki.org",
    "Feedly": "feedly.com com.devhd.feedly",
    "Inoreader": "inoreader.com com.innologica.inoreader",
    "NewsBlur": "newsblur.com com.newsblur",
    "The Old Reader": "theoldreader.com",
    "Substack": "=substack.com =open.substack.com com.substack.app",
    "DEV": "dev.to",
    "GitLab": "gitlab.com",
    "Codeberg": "codeberg.org",
    "Bitbucket": "bitbucket.org",
    "Notion": "notion.so",
    "Trello": "trello.com",
    "Asana": "app.asana.com",
    "Apple News": "apple.news",
    "SmartNews": "smartnews.com jp.gocro.smartnews.android",
    "Ground News": "ground.news",
    "Memeorandum": "memeorandum.com",
    "Techmeme": "techmeme.com",
    "Spotify": "spotify.com com.spotify.music",
    # Search to snowplow, though one looks for work or goods there.
    "Indeed": "indeed.com",
    "Monster": "monster.com monster.de monster.fr monster.it monster.ch monster.be monster.co.uk",
    "StepStone": "stepstone.de stepstone.at stepstone.be stepstone.fr stepstone.nl",
    "kununu": "kununu.com",
    "Marktplaats": "marktplaats.nl",
    "Yandex.Market": "market.yandex.com",
    "Torg.Mail.ru": "torg.mail.ru",
    "Price.ru": "price.ru",
    "Amazon": "amazon.com",  # search to snowplow, shopping to GA4
    "eBay": "ebay.com",
    "Etsy": "etsy.com",
}

ADS: Mapping[str, str] = {
    # What frames of these networks say: a click in one is paid for.
    "Google": "syndicatedsearch.goog adsensecustomsearchads.com",  # on other sites' search pages
    "DoubleClick": "googleadservices.com googlesyndication.com doubleclick.net 2mdn.net "
    "imasdk.googleapis.com",
    "Yandex.Direct": "an.yandex.com yabs.yandex.com",
    "Microsoft Advertising": "adnxs.com",
    "Criteo": "criteo.com",
    "Taboola": "taboola.com",
    "Outbrain": "paid.outbrain.com",
    "AdRoll": "adroll.com",
    "Adform": "adform.net",
    "OpenX": "openx.net",
    "PubMatic": "pubmatic.com",
    "ADFOX": "adfox.ru",
}

PEOPLES = ("sites.google.com", "pages.github.com", "users.sourceforge.net")
"""Hosts below an owner's domain where other people's pages are; they stand for themselves."""

ALIASES: Mapping[str, str] = {
    # What people write into `utm_source`, spaces, `-` and `_` left out: GA4's list and Plausible's.
    **dict.fromkeys(("fb", "fbads", "fbad", "facebookads", "facebookad", "fcb"), "Facebook"),
    **dict.fromkeys(("facebookfeedad", "facebookfeed"), "Facebook"),
    **dict.fromkeys(("metaads",), "Meta"),
    **dict.fromkeys(("ig", "insta", "igads", "instagramads"), "Instagram"),
    **dict.fromkeys(("yt", "ytads", "youtubeads"), "YouTube"),
    **dict.fromkeys(("googleads", "gads", "adwords", "googleadwords"), "Google"),
    **dict.fromkeys(("bingads", "microsoftads"), "Bing"),
    **dict.fromkeys(("twitter", "x", "twitterads", "xads"), "X (Twitter)"),
    **dict.fromkeys(("linkedinads",), "LinkedIn"),
    **dict.fromkeys(("redditads",), "Reddit"),
    **dict.fromkeys(("tiktokads", "tik.tok"), "TikTok"),
    **dict.fromkeys(("pinterestads",), "Pinterest"),
    **dict.fromkeys(("snapchatads",), "Snapchat"),
    **dict.fromkeys(("vkontakte",), "VK"),
    **dict.fromkeys(("googleplus",), "Google+"),
    **dict.fromkeys(("hn", "ycombinator"), "Hacker News"),
    **dict.fromkeys(("ddg",), "DuckDuckGo"),
    **dict.fromkeys(("brave",), "Brave Search"),
    **dict.fromkeys(("openai",), "ChatGPT"),
    **dict.fromkeys(("copilot", "bingchat"), "Microsoft Copilot"),
    **dict.fromkeys(("googlegemini", "bard"), "Gemini"),
    **dict.fromkeys(("lechat",), "Mistral"),
    **dict.fromkeys(("ixquick",), "Startpage"),
    **dict.fromkeys(("appnexus",), "Microsoft Advertising"),
    **dict.fromkeys(("yahoo!",), "Yahoo"),
    **dict.fromkeys(("yahoo!mail",), "Yahoo Mail"),
    **dict.fromkeys(("proton",), "Proton Mail"),
    **dict.fromkeys(("zoho",), "Zoho Mail"),
    **dict.fromkeys(("teams", "msteams"), "Microsoft Teams"),
    **dict.fromkeys(("slackchat",), "Slack"),  # GoatCounter's name
    **dict.fromkeys(("telegrammessenger",), "Telegram"),  # the same
    **dict.fromkeys(("kakao",), "KakaoTalk"),
    **dict.fromkeys(("weixin",), "WeChat"),
    **dict.fromkeys(("coccoc",), "Cốc Cốc"),
    **dict.fromkeys(("360.cn", "360"), "360 Search"),
    **dict.fromkeys(("googleimages", "googleproductsearch", "googlevideo"), "Google"),
    **dict.fromkeys(("googleblogsearch",), "Google"),
    **dict.fromkeys(("yahoo!images",), "Yahoo"),
    **dict.fromkeys(("bingimages",), "Bing"),
    **dict.fromkeys(("yandeximages",), "Yandex"),
    **dict.fromkeys(("naverimages",), "Naver"),
    **dict.fromkeys(("(direct)",), "Direct"),
}
"""A source's other names; its own, whatever its case, needs no entry."""

PAID_TAGS = frozenset(alias for alias in ALIASES if alias.endswith(("ad", "ads", "adwords")))
"""The tags that say that a click was paid for, whatever the medium (Plausible)."""

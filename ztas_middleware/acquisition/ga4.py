"""Of what kind Google Analytics takes a source for, where `directory` has no name for it.

From the list that goes with GA4's default channel group
(https://support.google.com/analytics/answer/9756891), as far as those sites can be told from
others: hosts alone, not what is below them, and as a `utm_source` also without their ending
(`wattpad`). A word without an ending is a `utm_source` only.
"""

SEARCH = """
    auone.jp avg.com babylon.com biglobe.co.jp biglobe.ne.jp centrum.cz cnn.com comcast.net
    conduit.com excite.com firmy.cz globo.com go.mail.ru incredimail.com onet.pl play.google.com
    rakuten.co.jp search.smt.docomo.ne.jp terra.com.br tut.by ukr.net
    virgilio.it
    alice dogpile eniro exalead google-play kvasir najdi startsiden
"""

SOCIAL = """
    43things.com 51.com 5ch.net academia.edu activerain.com activeworlds.com addthis.com airg.ca
    allnurses.com allrecipes.com alumniclass.com ameba.jp ameblo.jp americantowns.com
    ancestry.com anobii.com answerbag.com answers.yahoo.com aolanswers.com artstation.com
    asmallworld.com athlinks.com awe.sm baby-gaga.com babyblog.ru beforeitsnews.com
    bharatstudent.com biip.no biswap.org bit.ly blackcareernetwork.com blip.fm blog.com
    blog.feedspot.com blog.goo.ne.jp blogg.no bloggang.com blogger.com blogher.com bloglines.com
    blogs.com blogsome.com blogspot.com blogster.com blurtit.com brightkite.com brizzly.com
    buzzfeed.com cafemom.com camospace.com canalblog.com care.com care2.com caringbridge.org
    catster.com cbnt.io cellufun.com centerblog.net chegg.com chicagonow.com classquest.com
    cocolog-nifty.com copainsdavant.linternaute.com couchsurfing.org cozycot.com cross.tv
    crunchyroll.com d.hatena.ne.jp dailystrength.org deluxe.com deviantart.com dianping.com
    diigo.com discover.hubpages.com dogster.com dol2day.com doostang.com dopplr.com
    draft.blogger.com draugiem.lv drugs-forum.com dzone.com edublogs.org elftown.com
    epicurious.com everforo.com exblog.jp extole.com faceparty.com fandom.com fanpop.com
    fark.com fc2.com feedspot.com feministing.com filmaffinity.com folkdirect.com
    foodservice.com forums.androidcentral.com forums.crackberry.com forums.imore.com
    forums.nexopia.com forums.webosnation.com forums.wpcentral.com fotki.com
    fruehstueckstreff.org fubar.com gamerdna.com gather.com glassboard.com glassdoor.com
    godtube.com goldenline.pl goldstar.com goo.gl gooblog.com googlegroups.com govloop.com
    gowalla.com gree.jp gulli.com gutefrage.net hatena.ne.jp hootsuite.com houzz.com
    hoverspot.com hr.com hubculture.com hubpages.com hyves.net ibibo.com imageshack.com
    imageshack.us imvu.com insanejournal.com instapaper.com internations.org interpals.net
    intherooms.com irc-galleria.net is.gd italki.com jammerdirect.com jappy.com jappy.de
    kaboodle.com kakaocorp.com kaneva.com kin.naver.com librarything.com lifestream.aol.com
    listal.com listography.com livedoor.com livedoorblog.com mbga.jp meetin.org meinvz.net
    meneame.net menuism.com messages.google.com mix.com mocospace.com mouthshut.com
    movabletype.com mubi.com my.opera.com myanimelist.net mylife.com mymodernmet.com
    netvibes.com newsshowcase.com nexopia.com ngopost.org nightlifelink.com ning.com okwave.jp
    oneworldgroup.org onstartups.com opendiary.com oshiete.goo.ne.jp over-blog.com overblog.com
    partyflock.nl photobucket.com pinboard.in pingsta.com pixiv.net playahead.se plurk.com
    posterous.com pro.homeadvisor.com qapacity.com quechup.com ravelry.com redux.com
    researchgate.net reunion.com reverbnation.com rtl.de ryze.com salespider.com scoop.it
    screenrant.com scribd.com scvngr.com secondlife.com shareit.com sharethis.com shvoong.com
    slideshare.net sociallife.com.br socialvibe.com spaces.live.com spoke.com spruz.com
    ssense.com stackapps.com stardoll.com stickam.com suomi24.fi sweeva.com tagged.com
    taggedmail.com talkbiznow.com tencent.com tinyurl.com toolbox.com travellerspoint.com
    tripadvisor.com trombi.com trustpilot.com tudou.com tweetdeck.com twoo.com typepad.com
    unblog.fr urbanspoon.com ushareit.com ushi.cn vampirefreaks.com vampirerave.com vg.no
    video.ibm.com wakoopa.com wattpad.com webshots.com weebly.com wer-weiss-was.de weread.com
    wiki.answers.com wikihow.com wikitravel.org woot.com wordpress.com wordpress.org yammer.com
    yelp.co.uk yelp.com youroom.in zoo.gr zooppa.com
    badoo bebo blackplanet buzznet classmates cyworld digg fotolog foursquare friendfeed gaiaonline
    google+ googleplus habbo hi5 livejournal myheritage mylife renren skyrock social tuenti xanga
"""

VIDEO = """
    crackle.com curiositystream.com d.tube disneyplus.com fast.wistia.net hulu.com iq.com
    iqiyi.com justin.tv utreon.com veoh.com viadeo.journaldunet.com wistia.com
"""

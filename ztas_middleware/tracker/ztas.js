/*
 * The tracker: tells the Track endpoint what happens on this page, and keeps nothing.
 *
 *   <script defer src="/js/ztas.js" data-site="site_abc123"></script>
 *
 * No cookie, no storage, no identifier: who a visitor is for a day, and what a session is, the
 * server works out. What is sent is a row of the table `hits`, and no more than that.
 *
 * Served is ztas.min.js, which `make tracker` builds from this file: at most 1,500 bytes gzipped,
 * held by a test. That is why some lines prefer short to usual, each with its reason beside it, and
 * functions stand in the order that gzips best. The language is that of ES2018 with the optional
 * catch binding: any browser since 2018. The block below is the scope; nothing leaks but `ZTA`.
 */
try {
  // Of a module there is no current script, and this fails.
  const { dataset: options, src } = document.currentScript;
  const siteId = options.site || options.siteId || "";

  /** Milliseconds that the page view was seen, but for those since `since`. */
  let seen;
  /** Page views and events so far. */
  let acts = 0;
  /** The page view that runs: the fields that each of its hits carries; 0 before the first. */
  let page = 0;
  /** When the page was last shown; 0 while it is hidden. */
  let since;

  // Nothing that goes wrong in here may reach the page; nor may it where nothing was started,
  // and `report` is not there.
  const track = (action, more) => {
    try {
      const { category, label, value, properties } = more || 0;
      report("event", {
        // In an array, nothing becomes the empty text, and a number a text.
        category: [category] + "",
        properties,
        // The one takes the head of "24,50", the other "" for 0: they agree on plain numbers.
        value: parseFloat(value) == value ? +value : null,
        label: [label] + "",
        action: [action] + "",
      });
      acts++;
    } catch {}
  };

  // A template and a tag manager may both have put the tag in: the first one counts. Before it
  // there may be a queue of the page's own. `this` is the window, in fewer bytes.
  const before = this.ZTA || 0;
  if (before.siteId == siteId) throw 0;
  this.ZTA = {
    siteId,
    track,
    trackEvent: (category, action, label, value) => track(action, { category, label, value }),
    trackPageView: () => page && view(1),
  };
  if (
    !siteId ||
    navigator.webdriver ||
    // file:, and frames from blob:, data: and srcdoc
    !location.host ||
    ("honorDnt" in options && (navigator.doNotTrack == 1 || navigator.globalPrivacyControl))
  )
    throw !siteId;

  // Captured, because the app may stop a click from bubbling.
  const listen = (type, work) => addEventListener(type, work, 1);

  // The server replaces the path by the way from its `script` to its `endpoint`.
  const endpoint = new URL(options.endpoint || new URL("../api/track", src), location);
  /**
   * The last answer. Another origin may not read a refusal, which looks like a network that fails;
   * so a failure is one of the network's, and worth another try, only where answers can be read.
   */
  let heard = endpoint.host == location.host;

  /**
   * What a click counts for, or the submission of `form`: a copy without fields, whose names would
   * hide the form's own `id`, `name` and `action`.
   */
  const act = (happening, form) => {
    try {
      // From the inside out, open shadow roots included.
      const path = happening.composedPath();
      const { host, pathname } = path.find((node) => node.href) || 0;
      const tagged = path.find((node) => (node.dataset || 0).ztaTrack);
      // The middle button follows links and does nothing else; the right one does not follow.
      if (happening.button > !!pathname) throw 0;
      // On a form or around one, a tag is about the form's submission and nothing else.
      if (tagged && (form || !/<form[ >]/.test(tagged.outerHTML))) {
        const more = { properties: {} };
        for (const attribute of tagged.attributes)
          attribute.name.replace(
            /^data-zta-(prop-)?(.+)/,
            (_, property, key) => ((property ? more.properties : more)[key] = attribute.value),
          );
        track(more.track, more);
      } else {
        if (form) automatic("form", form.id || form.name || new URL(form.action).pathname);
        if (/\.(mp[34]|apk|pdf|rar|(doc|xls|ppt)x?|exe|zip|csv|dmg|7z|gz)$/i.test(pathname))
          automatic("download", pathname);
        // mailto: and its like have no host.
        if (host && host != location.host) automatic("outbound", host + pathname);
      }
    } catch {}
  };

  const automatic = (action, label) => {
    if (RegExp(action).test(options.track)) track(action, { label });
  };

  const matches = (globs, text) =>
    RegExp(
      `^(${CSS.escape(globs).replace(/\\[*]/g, ".*").replace(/\\[, ]/g, "|")})$`,
    ).test(text);

  /** Stops the clock, says what it shows, and starts it again if the page is still seen. */
  const clock = () => {
    const now = performance.now();
    if (since) {
      seen += now - since;
      report("engagement", { timeOnPage: seen / 1e3, isBounce: acts < 2 });
    }
    since = document.hidden ? 0 : now;
  };

  /** Begins a page view, where the path is another one or `anew` is 1 (an event is neither). */
  const view = (anew) => {
    const url = new URL(location);
    const query = url.searchParams;
    const utm = {};
    for (const [name, value] of [...query]) {
      // source, medium, campaign, term and content; utm_id and longer ones are nobody's business
      name.replace(/^utm_(.{4,8})$/, (_, key) => (utm[key] = value));
      if (!matches(options.keepQuery, name)) query.delete(name);
    }
    const route = url.hash.split("?")[0];
    const path =
      url.pathname +
      url.search +
      // The server goes by the same rule. As a part of the path, it keeps any fragment.
      (options.hash == "any"
        ? route.replace(/#/g, "%23")
        : "hash" in options && /^#!?[/]/.test(route)
          ? route
          : "");
    // Routers also call replaceState to keep their state; only another path is another page.
    if (anew > 0 || path != page.path) {
      clock();
      page = {
        siteId,
        path,
        timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        utm,
        // Later page views of this document did not come from there.
        referrer: acts++ ? "" : document.referrer.split("?")[0],
        width: innerWidth,
      };
      seen = 0;
      report("pageview");
    }
  };

  const report = (type, more) => {
    if (!matches(options.exclude, page.path)) {
      // The server takes 64 KiB, and would cut long texts itself.
      const hit = JSON.stringify({ ...page, type, ...more }, (_, value) =>
        (value || 0).slice ? value.slice(0, 3e3) : value,
      );
      /** Sends it when its lane is free, and again after `wait`, then 2.5 times as long. */
      const send = (wait) =>
        lanes.push(
          lanes.shift().then(async () => {
            try {
              // A text body needs no preflight; keepalive sees the hit off when the page goes away.
              heard = await fetch(endpoint, { body: hit, method: "POST", keepalive: 1 });
              // Else too many requests, or a server in trouble. What it refused it would refuse
              // again.
              if (heard.status < 429) wait = 5e4;
              // Chromium counts the hit as under way until its answer is read.
              await heard.text();
            } catch {}
            // After 1, 2.5, 6, 16 and 39 seconds: longer in all than a rate limit's minute.
            if (wait < 5e4 && heard) setTimeout(send, wait, wait * 2.5);
          }),
        );
      send(1e3);
    }
  };

  /**
   * Whom a hit has to wait for. A browser has 64 KiB for all that may outlive the page and was not
   * answered yet, and the page needs its share; so seven hits at most are under way. Nobody has
   * seen a page that is only prepared: what it has to say waits until it is shown.
   */
  const lanes = Array(7).fill(
    new Promise((go) => (document.prerendering ? listen("prerenderingchange", go) : go())),
  );

  view(1);
  listen("pageshow", (shown) => {
    // visibilitychange has started the clock of the page view that ended.
    if (shown.persisted) view(1, (since = 0));
  });
  listen("auxclick", act);
  listen("click", act);
  // Comes when the page is left, too (in Safari since 14.1): pagehide has nothing to add.
  listen("visibilitychange", clock);
  listen("submit", (sent) => act(sent, sent.target.cloneNode()));
  // A timer longer than 2^31 ms would fire without pause.
  if (options.heartbeat >= 1 && options.heartbeat < 1e6)
    setInterval(() => since && report("heartbeat"), options.heartbeat * 1e3);
  try {
    // Tells of every change, whoever makes it and however: Chrome since 2022, others since 2026.
    // Where there is no such class, `navigation` may be an element of that id.
    Navigation, navigation.addEventListener("currententrychange", view);
  } catch {
    setInterval(view, 1e3);
  }
  for (const call of before.q || []) track(...call);
} catch (error) {
  if (error) console.warn("ZTA: a classic script?", error);
}

/*
 * The tracker: tells the Track endpoint what happens on this page, and keeps nothing.
 *
 *   <script defer src="/js/ztas.js" data-site="site_abc123"></script>
 *
 * No cookie, no storage, no identifier: who a visitor is for a day, and what a session is, the
 * server works out. What is sent is a row of the table `hits`, and no more than that.
 *
 * Served is ztas.min.js, which `make tracker` builds from this file: at most 1,400 bytes gzipped,
 * held by a test. That is why some lines prefer short to usual, each with its reason beside it.
 * The language is that of ES2018 with the optional catch binding: any browser since 2018. The
 * block below is the scope; nothing leaks but `ZTA`.
 */
try {
  const { dataset: options, src } = document.currentScript;
  const siteId = options.site || options.siteId || "";

  /** The page view that runs: the fields that each of its hits carries. */
  let page;
  /** Page views and events so far. */
  let acts = 0;
  /** Milliseconds that the page view was seen, but for those since `since`. */
  let seen;
  /** When the page was last shown; 0 while it is hidden. */
  let since;
  /** Asked for once: that takes ten times as long as all that a change of route does here. */
  let timeZone;

  /** Nothing that goes wrong in here may reach the page. */
  const guard =
    (work) =>
    (...given) => {
      try {
        work(...given);
      } catch {}
    };

  // Captured, because the app may stop a click from bubbling.
  const listen = (type, work) => addEventListener(type, guard(work), true);

  const view = () => {
    clock();
    page = look();
    seen = 0;
    acts++;
    report("pageview");
  };

  // Routers also call replaceState to keep their state; only another path is another page.
  const route = guard(() => {
    if (look().path != page.path) view();
  });

  const look = () => {
    const url = new URL(location);
    const query = url.searchParams;
    const utm = {};
    for (const key of ["source", "medium", "campaign"]) utm[key] = query.get("utm_" + key);
    for (const [name] of [...query])
      if (!`${options.keepQuery}`.split(" ").includes(name)) query.delete(name);
    return {
      siteId,
      path: url.pathname + url.search + ("hash" in options ? url.hash.split("?")[0] : ""),
      // Later page views of this document did not come from there.
      referrer: acts ? "" : document.referrer.split("?")[0],
      utm,
      timeZone,
    };
  };

  /** Stops the clock, says what it shows, and starts it again if the page is still seen. */
  const clock = () => {
    const now = performance.now();
    if (since) {
      seen += now - since;
      report("engagement", { timeOnPage: ((seen / 100) | 0) / 10, isBounce: acts < 2 });
    }
    since = document.hidden ? 0 : now;
  };

  const event = guard((action, category, label, value) => {
    // In an array, nothing becomes the empty text, and a number a text.
    report("event", {
      action: [action] + "",
      category: [category] + "",
      label: [label] + "",
      value: parseFloat(value),
    });
    acts++;
  });

  const automatic = (action, label) => {
    if (`${options.track}`.includes(action)) event(action, "", label);
  };

  const click = (press) => {
    // From the inside out, open shadow roots included.
    const path = press.composedPath();
    const link = path.find((node) => node.href);
    const data = path.map((node) => node.dataset || {}).find((data) => data.ztaTrack);
    // The middle button follows links and does nothing else; the right one does not follow.
    if (press.button > 1 || (press.button && !link)) return;
    if (data) event(data.ztaTrack, data.ztaCategory, data.ztaLabel, data.ztaValue);
    if (link) {
      if (/\.(pdf|zip|rar|7z|gz|exe|dmg|apk|csv|(doc|xls|ppt)x?|mp[34])$/i.test(link.pathname))
        automatic("download", link.pathname);
      // mailto: and its like have no host.
      if (link.host && link.host != location.host) automatic("outbound", link.host + link.pathname);
    }
  };

  // Without a page, where nothing was started, this fails, and its caller is guarded.
  const report = (type, more) => {
    const excluded = RegExp(
      `^(${`${options.exclude}`.replace(/\W/g, (char) =>
        char == "*" ? ".*" : " ,".includes(char) ? "|" : "\\" + char,
      )})$`,
    );
    if (!excluded.test(page.path)) send(JSON.stringify({ ...page, type, ...more }), 0);
  };

  const send = guard((hit, tries) => {
    // Nobody has seen a page that is only prepared. What it has to say waits until it is shown.
    if (document.prerendering) listen("prerenderingchange", () => send(hit, tries));
    // The server replaces the path by the way from its `script` to its `endpoint`. A text body
    // needs no preflight; keepalive sees the hit off when the page goes away.
    else
      fetch(options.endpoint || new URL("../api/track", src), {
        method: "POST",
        body: hit,
        keepalive: true,
      })
        .then((answer) => {
          // Too many requests, or a server in trouble. What it refused it would refuse again.
          if (answer.status > 428) throw answer;
        })
        .catch(() => {
          // After 1, 2.5, 6, 16 and 39 seconds: longer in all than a rate limit's minute.
          if (tries < 5) setTimeout(send, 1e3 * 2.5 ** tries, hit, tries + 1);
        });
  });

  // A template and a tag manager may both have put the tag in: the first one counts.
  if ((window.ZTA || 0).siteId != siteId) {
    window.ZTA = {
      siteId,
      track: (action, more) => {
        more = more || {};
        event(action, more.category, more.label, more.value);
      },
      trackEvent: (category, action, label, value) => event(action, category, label, value),
      trackPageView: guard(() => page && view()),
    };
    if (!siteId) throw "no data-site";
    if (!(
      navigator.webdriver ||
      /^file/.test(location) ||
      ("honorDnt" in options && (navigator.doNotTrack == 1 || navigator.globalPrivacyControl))
    )) {
      timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
      view();
      // Comes when the page is left, too (in Safari since 14.1): pagehide has nothing to add.
      listen("visibilitychange", clock);
      listen("pageshow", (shown) => {
        if (shown.persisted) {
          // visibilitychange has started the clock of the page view that ended.
          since = 0;
          view();
        }
      });
      // Follows a change of the fragment, too.
      listen("popstate", route);
      listen("click", click);
      listen("auxclick", click);
      listen("submit", ({ target }) => {
        // A field called `id`, `name` or `action` hides the form's own property of that name.
        automatic(
          "form",
          target.getAttribute("id") ||
            target.getAttribute("name") ||
            new URL(target.getAttribute("action") || "", location).pathname,
        );
      });
      // A timer longer than 2^31 ms would fire without pause.
      if (options.heartbeat >= 1 && options.heartbeat < 1e6)
        setInterval(() => since && report("heartbeat"), options.heartbeat * 1e3);
      for (const name of ["pushState", "replaceState"]) {
        const native = history[name];
        if (native)
          history[name] = (...given) => {
            native.apply(history, given);
            route();
          };
      }
    }
  }
} catch (error) {
  console.warn("ZTA", error);
}

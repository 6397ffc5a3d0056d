// What makes the page nicer to use; all of it works without. Links and forms with `data-swap`
// fetch the page they lead to and take over its content instead of loading everything anew.
(function () {
  "use strict";
  var tip = document.querySelector(".tip");
  var status = document.getElementById("status");
  var REFRESH = 10000;
  var STALE = 300000;
  var shown = Date.now();

  // Pages that follow each other

  var running = null;

  function show(address, push, focus) {
    var main = document.querySelector("main");
    if (running) running.abort();
    var request = running = new AbortController();
    main.classList.add("busy");
    fetch(address, { signal: request.signal, credentials: "same-origin" })
      .then(function (answer) {
        // A lost session leads to the login, which is a page of its own; the form for a filter
        // leads to the address of a link.
        var there = new URL(answer.url);
        if (!answer.ok || there.pathname !== new URL(address, location.href).pathname) throw new Error(String(answer.status));
        if (answer.redirected) address = answer.url;
        return answer.text();
      })
      .then(function (text) {
        var next = new DOMParser().parseFromString(text, "text/html");
        var open = main.querySelector(".numbers[open]") !== null;
        var found = next.querySelector("main");
        if (!found) throw new Error("no page");
        main.replaceChildren.apply(main, Array.from(found.childNodes));
        document.title = next.title;
        if (push) history.pushState({}, "", address);
        var numbers = main.querySelector(".numbers");
        if (numbers) numbers.open = open;
        main.classList.remove("busy");
        shown = Date.now();
        if (focus) restore(focus);
        status.textContent = document.title;
        arrange();
      })
      .catch(function (error) {
        if (error.name !== "AbortError") location.assign(address);
      });
  }

  // The link that was used is gone; the one in its place gets the focus, or else the content.
  function restore(focus) {
    var links = document.querySelectorAll("main a");
    var same = Array.from(links).find(function (link) {
      return link.textContent.trim() === focus;
    });
    (same || document.querySelector("main")).focus({ preventScroll: true });
  }

  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a[data-swap]");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    show(link.href, true, link.textContent.trim());
  });

  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!form.hasAttribute("data-swap")) return;
    event.preventDefault();
    show("?" + new URLSearchParams(new FormData(form)), true, "");
  });

  window.addEventListener("popstate", function () { show(location.href, false, ""); });

  // Menus close when one is done with them

  document.addEventListener("click", function (event) {
    document.querySelectorAll(".menu[open]").forEach(function (menu) {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });

  // Keys, as they are listed at the end of the page

  function press(key) {
    var here = Array.from(document.querySelectorAll("[data-key]")).find(function (one) {
      return one.getAttribute("data-key") === key;
    });
    if (!here) return false;
    if (here.tagName === "A") { here.click(); return true; }
    here.open = !here.open;
    if (here.open) (here.querySelector("select, [type=date]") || here.querySelector("summary")).focus();
    return true;
  }

  document.addEventListener("keydown", function (event) {
    var typing = event.target.closest && event.target.closest("input, select, textarea");
    if (!typing && !event.metaKey && !event.ctrlKey && !event.altKey && press(event.key.toLowerCase())) event.preventDefault();
    if (event.key !== "Escape") return;
    document.querySelectorAll(".menu[open]").forEach(function (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
    hideTip();
  });

  // What a chart says where the pointer is

  function hideTip() {
    tip.hidden = true;
    document.querySelectorAll(".guide").forEach(function (guide) { guide.remove(); });
  }

  function pointAt(target, event) {
    var title = target.querySelector("title") || target.parentNode.querySelector("title");
    // The browser's own tooltip would come on top of ours.
    if (title) { target.setAttribute("data-said", title.textContent); title.remove(); }
    hideTip();
    tip.textContent = target.getAttribute("data-said");
    tip.hidden = false;
    var x = target.getAttribute("data-x");
    if (x !== null) {
      var plot = target.ownerSVGElement;
      var guide = document.createElementNS("http://www.w3.org/2000/svg", "line");
      guide.setAttribute("class", "guide");
      guide.setAttribute("x1", x + "%");
      guide.setAttribute("x2", x + "%");
      guide.setAttribute("y1", "12");
      guide.setAttribute("y2", target.getAttribute("height"));
      plot.insertBefore(guide, plot.querySelector(".target"));
    }
    moveTip(event);
  }

  function moveTip(event) {
    var left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    var above = event.clientY - tip.offsetHeight - 14;
    tip.style.left = Math.max(8, left) + "px";
    tip.style.top = (above < 8 ? event.clientY + 18 : above) + "px";
  }

  function look(event) {
    var target = event.target.closest && event.target.closest(".target");
    if (!target) { if (!tip.hidden) hideTip(); return; }
    pointAt(target, event);
  }
  document.addEventListener("pointermove", look);
  document.addEventListener("pointerdown", look);
  document.addEventListener("scroll", hideTip, { passive: true });

  // What happens right now

  function refresh() {
    var here = document.querySelector("[data-refresh]");
    if (!here || document.hidden) return;
    fetch(here.getAttribute("data-refresh"), { credentials: "same-origin" })
      .then(function (answer) {
        if (answer.status === 401) location.reload();
        return answer.ok ? answer.text() : null;
      })
      .then(function (text) {
        if (text === null || !here.isConnected) return;
        var next = new DOMParser().parseFromString(text, "text/html").querySelector("[data-refresh]");
        if (next) here.replaceWith(next);
      })
      .catch(function () { /* offline; the next round tries again */ });
  }

  // Whoever comes back after a while gets the numbers of now, unless a menu is open.
  function renew() {
    var old = Date.now() - shown > STALE && document.querySelector("[data-refresh]");
    if (old && !document.hidden && !document.querySelector(".menu[open]")) show(location.href, false, "");
    else refresh();
  }

  setInterval(refresh, REFRESH);
  document.addEventListener("visibilitychange", renew);

  // A link to be copied is selected at once

  function arrange() {
    var link = document.getElementById("link");
    if (link) link.addEventListener("focus", function () { link.select(); });
  }
  arrange();
})();

import Digests
import JSON
import Rendering

extension StatusPage {
    /// The style sheet. Colours are named by what they mean; each meets a contrast of 4.5 : 1 on its ground.
    enum Style {
        /// The source that the page's Content-Security-Policy allows: `sha256-…`.
        static let hash: String = {
            let digest = SHA256.digest(of: Array(sheet.utf8))
            return "sha256-" + String(decoding: Base64.encoded(digest), as: UTF8.self)
        }()

        static let sheet = """

            :root {
              color-scheme: light dark;
              --ground: #f7f7f4; --card: #fff; --ink: #1d2126; --soft: #5f666e; --line: #e6e6e0; --code: #444b54;
              --good: #1a7547; --good-ground: #e8f4ed; --warning: #855600; --warning-ground: #faf1da;
              --bad: #b3261e; --bad-ground: #fbeae8; --neutral: #5f666e; --neutral-ground: #ececea;
            }
            @media (prefers-color-scheme: dark) {
              :root {
                --ground: #14171a; --card: #1b1f23; --ink: #e7e7e3; --soft: #9aa2ab; --line: #2b3036; --code: #bcc3cb;
                --good: #7ad3a4; --good-ground: #1d3a2b; --warning: #e8bf6a; --warning-ground: #3c321a;
                --bad: #f49a93; --bad-ground: #452421; --neutral: #a3abb4; --neutral-ground: #2a2f35;
              }
            }
            * { box-sizing: border-box; }
            html { background: var(--ground); }
            body {
              margin: 0 auto; max-width: 76rem; padding: 2.5rem 1.5rem 4rem; background: var(--ground); color: var(--ink);
              font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
              font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
            }
            h1, h2, p, ul { margin: 0; padding: 0; }
            h1 { font-size: 1.5rem; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; }
            h1 span { font-weight: 400; color: var(--soft); }
            h2 { font-size: 1rem; font-weight: 650; }
            h2 small { margin-left: .25rem; font-size: .875rem; font-weight: 400; color: var(--soft); }
            a { color: inherit; text-underline-offset: .2em; text-decoration-color: var(--line); }
            a:hover { text-decoration-color: currentColor; }
            a:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
            i { font-style: normal; color: var(--soft); }
            b { font-weight: 600; }
            code { font: .8125rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; color: var(--code); }
            header { margin-bottom: 1.5rem; }
            header p, footer { color: var(--soft); font-size: .875rem; }
            footer { margin-top: 2rem; }
            footer a { margin-right: 1rem; }
            section { margin-top: 2.25rem; }
            .soft, .hint, .empty { color: var(--soft); }
            .good { color: var(--good); }
            .warning { color: var(--warning); }
            .bad { color: var(--bad); }
            .neutral { color: var(--neutral); }
            .sign {
              flex: none; display: inline-flex; justify-content: center; align-items: center; width: 1.25rem; height: 1.25rem;
              border-radius: 50%; font-size: .75rem; font-weight: 700; line-height: 1;
            }
            .sign.good { background: var(--good-ground); }
            .sign.warning { background: var(--warning-ground); }
            .sign.bad { background: var(--bad-ground); }
            .sign.neutral { background: var(--neutral-ground); }
            .verdict {
              display: flex; gap: 1rem; align-items: center; margin-top: 0; padding: 1.25rem 1.5rem; border-radius: .75rem;
              background: var(--card); border: 1px solid var(--line); color: var(--ink);
            }
            .verdict h2 { font-size: 1.25rem; line-height: 1.3; letter-spacing: -.01em; }
            .verdict p { color: var(--soft); }
            .verdict .sign { width: 2.75rem; height: 2.75rem; font-size: 1.375rem; }
            .cards { display: grid; gap: .75rem; margin-top: .75rem; list-style: none; }
            .cards li {
              display: flex; gap: .5rem 1.25rem; padding: .875rem 1.25rem; border-radius: .75rem; background: var(--card);
              border: 1px solid var(--line);
            }
            .state { display: inline-flex; gap: .5rem; align-items: baseline; }
            .state .sign { align-self: flex-start; margin-top: .125rem; }
            .state .soft { display: block; font-size: .875rem; }
            .word { font-weight: 550; }
            .state .word { white-space: nowrap; }
            .word.neutral { font-weight: 400; color: var(--ink); }
            .problem { margin-top: .25rem; color: var(--bad); }
            .hint { font-size: .875rem; }
            .empty { margin-top: .5rem; }
            table {
              width: 100%; margin-top: .75rem; border-spacing: 0; border: 1px solid var(--line); border-radius: .75rem;
              background: var(--card); font-size: .9375rem;
            }
            th {
              padding: .625rem .75rem; text-align: left; font-size: .8125rem; font-weight: 500; color: var(--soft);
              white-space: nowrap;
            }
            td { padding: .625rem .75rem; vertical-align: top; border-top: 1px solid var(--line); }
            th:first-child, td:first-child { padding-left: 1.25rem; }
            th:last-child, td:last-child { padding-right: 1.25rem; }
            td.number, th.number { text-align: right; white-space: nowrap; }
            td[data-column="Changed"] .soft, td[data-column="Reload"] .soft { display: block; font-size: .875rem; }
            td[data-column="State"], td[data-column="Status"], td[data-column="Event"] { min-width: 9.5rem; }
            td[data-column="Time"], td[data-column="Since"], td[data-column="Check"] { white-space: nowrap; }
            td[data-column="Resource"] { min-width: 14rem; }
            td[data-column="Resource"] code { display: block; }
            td[data-column="Changed"] { min-width: 6.5rem; }
            td[data-column="Reload"] { min-width: 11rem; }
            .recent-events table { font-size: .875rem; }
            .recent-events .sign { width: 1.125rem; height: 1.125rem; font-size: .6875rem; }
            @media (max-width: 52rem) {
              body { padding: 1.5rem 1rem 3rem; }
              .verdict { padding: 1rem; align-items: flex-start; }
              .verdict .sign { width: 2.25rem; height: 2.25rem; font-size: 1.125rem; }
              .cards li { flex-direction: column; padding: .875rem 1rem; }
              table, tbody, td { display: block; min-width: 0 !important; }
              thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
              tr { display: flex; flex-wrap: wrap; gap: 0 1rem; padding: .75rem 1rem; }
              tr + tr { border-top: 1px solid var(--line); }
              td, td:first-child, td:last-child, td.number {
                padding: .0625rem 0; border: 0; text-align: left; white-space: normal;
              }
              td::before { content: attr(data-column) " "; color: var(--soft); font-size: .875rem; }
              td[data-column="State"], td[data-column="Status"], td[data-column="Resource"], td[data-column="Server"],
              td[data-column="Service"], td[data-column="About"], td[data-column="Detail"] { flex: 1 0 100%; }
              td[data-column="State"]::before, td[data-column="Status"]::before, td[data-column="Event"]::before,
              td[data-column="Resource"]::before, td[data-column="Server"]::before, td[data-column="Service"]::before,
              td[data-column="Detail"]::before, td[data-column="About"]::before, td[data-column="Time"]::before
              { content: none; }
              td[data-column="Time"] { order: 1; color: var(--soft); }
              td[data-column="About"], td[data-column="Detail"] { order: 2; }
              .servers td[data-column="Resource"] { flex: none; }
              .servers td[data-column="Resource"]::before { content: "Resource "; }
              td.none { display: none; }
              .state .soft, td[data-column="Changed"] .soft, td[data-column="Reload"] .soft { display: inline; }
              .state .word { white-space: normal; }
            }

            """
    }
}

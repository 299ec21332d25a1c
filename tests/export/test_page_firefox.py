"""The page in Firefox, from disk: write, choose a passage, branch, open the link again."""

import pytest

from tests.export.engine.firefox import FIREFOX, running_firefox
from tests.export.paper import script, write_page

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not FIREFOX, reason="no Firefox on this machine")]

HELPERS = """
const done = arguments[arguments.length - 1];
const $ = (selector) => document.querySelector(selector);
const until = async (holds) => { while (!holds()) await new Promise((resolve) => setTimeout(resolve, 50)); };
const idle = () => $(".piece") && !$(".piece[aria-busy='true']") && $("#write").textContent === "Write";
const finished = () => until(idle);
"""
WRITE = """(async () => {
  await until(() => !$("#write").disabled);
  $("#pace").value = "fast";
  $("#setting-seed").value = "7";
  $("#setting-tokens").value = "80";
  $("#prompt").value = arguments[0];
  $("#write").click();
  await finished();
  done([$(".text").textContent, document.querySelectorAll(".copied").length, $(".made").textContent, location.hash]);
})();"""
CHOOSE = """(async () => {
  $(".copied [data-token]").click();
  await until(() => $("#note").textContent.includes("into the book"));
  const place = $("#note .source").textContent;
  let token = 5;
  do $(`[data-token="${token++}"]`).click(); while (!$("#note .alternative:enabled"));
  $("#note .alternative:enabled").click();
  await finished();
  done([place, $(".text").textContent, document.querySelectorAll(".tree .branch").length]);
})();"""
READ = "(async () => { await finished(); done($('.text').textContent); })();"


def test_it_writes_in_firefox_too(tmp_path):
    (tmp_path / "profile").mkdir()
    path = write_page(tmp_path, script())
    with running_firefox(tmp_path / "profile") as firefox:
        firefox.open(path)
        text, passages, made, link = firefox.run(HELPERS + WRITE, "To be, or not to")
        assert text.startswith("To be, or not to") and passages > 0 and "80 tokens" in made
        place, branch, branches = firefox.run(HELPERS + CHOOSE)
        assert "William Shakespeare" in place and branch != text and branches == 2
        # A new document, which the link alone tells what to write.
        firefox("WebDriver:Navigate", url="about:blank")
        firefox("WebDriver:Navigate", url=path.as_uri() + link)
        assert firefox.run(HELPERS + READ) == text

"""The pictures of docs/how-it-works.md: python -m tests.export.lesson.pictures lesson.html docs/how-it-works"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.report.browsing import ARGUMENTS, CHROMIUM

# What is pressed before, and the elements that a picture shows, from the first to the last.
PICTURES = {
    "tokens": ("", "#tokens", "#tokens-note"),
    "next": ("", "#next", "#next-note"),
    "surprise": ("", "#surprise", "#surprise-token"),
    "attention": ("", "#head", "#attention-note"),
    "endings": ("#step", ".two-fields", "#step-note"),
    "copies": ("#write", "#copies", "#sources"),
}
MARGIN = 12


def main() -> None:
    lesson, out = (Path(argument) for argument in sys.argv[1:])
    out.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        page = browser.new_page(viewport={"width": 760, "height": 5000}, color_scheme="light", device_scale_factor=1.5)
        page.goto(lesson.absolute().as_uri())
        page.locator("body[data-ready]").wait_for()
        page.locator("#head").select_option(index=4)
        for name, (button, first, last) in PICTURES.items():
            for _ in range(2 if button == "#step" else 1 if button else 0):
                page.locator(button).click()
            page.locator("#write:enabled").wait_for()
            above, below = page.locator(first).bounding_box(), page.locator(last).bounding_box()
            top, bottom = above["y"] - MARGIN, below["y"] + below["height"] + MARGIN
            clip = {"x": 0, "y": top, "width": 760, "height": bottom - top}
            page.screenshot(path=out / f"{name}.png", clip=clip, full_page=True)
        browser.close()


if __name__ == "__main__":
    main()

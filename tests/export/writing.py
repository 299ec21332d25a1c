"""What a person does on the page, in one call each."""

BEGINNING = "To be, or not to"


def finished(page):
    """Wait until nothing is written any more; the texts on the sheet, each with its beginning."""
    page.locator(".piece").first.wait_for()
    # Not `wait_for_function`: the page's policy lets nobody evaluate strings in it.
    page.locator("body:not(:has(.piece[aria-busy='true'])) #write:not(.stop)").wait_for()
    return texts(page)


def texts(page):
    """The texts on the sheet as they are now."""
    return page.locator(".text").all_text_contents()


def settings(page, **values):
    """Fill in folded settings; the text then appears as fast as it is written."""
    page.locator("#settings").click()
    page.locator("#pace").select_option("fast")
    for name, value in values.items():
        page.locator(f"#setting-{name}").fill(str(value))
    page.locator("#settings").click()


def token(page, number):
    """The token `number` of the text, or its last part where a passage begins or ends within the token.

    The first part may be a space at the end of a line, which has no width and so can be neither seen nor chosen.
    """
    return page.locator(f"[data-token='{number}']").last


def choose_word(page, least=5):
    """Choose the first word from the token `least` on that could have been another one: the number of its token."""
    for number in range(least, least + 40):
        token(page, number).click()
        if page.locator("#note .alternative:enabled").count():
            return number
    raise AssertionError("every word was sure")


def write(page, beginning=BEGINNING, seed=7, tokens=80):
    """Type a beginning, write, and wait for the end: the text with its beginning."""
    settings(page, seed=seed, tokens=tokens)
    page.locator("#prompt").fill(beginning)
    page.locator("#write").click()
    return finished(page)[0]

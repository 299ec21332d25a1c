# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A poet of your own books
#
# [![Open in Colab][badge]][colab]
#
# [badge]: https://colab.research.google.com/assets/colab-badge.svg
# [colab]: https://colab.research.google.com/github/domschl/torch-transformer-poet/blob/main/notebooks/poet.ipynb
#
# This notebook trains a small transformer on books that you choose, and shows which of the words that it writes stand
# in which book. It runs on Colab and in any Jupyter, with a GPU or without. On Colab, choose *Runtime > Change runtime
# type > T4 GPU* first.
#
# Change these, then run the cells from top to bottom:

# %% tags=["parameters"]
# Where the code comes from if it is not here: the address of a repository, or the file that the last section makes.
REPOSITORY = "https://github.com/domschl/torch-transformer-poet"

# What to look for in Project Gutenberg's catalog, the name of your collection, and its books by their numbers there.
SEARCH = "jane austen --language english"
COLLECTION = "austen"
BOOKS = "--id 158 --id 161 --id 1342"

# How to train: the minutes are planned for whatever machine this is; params.yaml has all other settings.
SETTINGS = "-S train.minutes=10"
BENCHMARK_MINUTES = 2

# Where the last section keeps everything: a folder of Google Drive, or any other.
DRIVE = "/content/drive/MyDrive/poet"

# %% [markdown]
# ## The code
#
# A machine that has the project needs nothing of the next cell. On another one it takes a few minutes: it installs what
# the project needs beside the PyTorch that is there. Then it stops, because this session still has other versions of
# some libraries in memory: restart it (*Runtime > Restart session*), and begin again at the top.

# %%
import os
import sys
from pathlib import Path

# %% magic_args="-s \"{REPOSITORY}\" \"{sys.executable}\"" language="bash"
# # -P: this folder may have a poet.py, the source of this notebook.
# if "$2" -P -c "import poet.notebook" 2>/dev/null; then exit; fi
# set -e
# test -e torch-transformer-poet || git clone --quiet "$1" torch-transformer-poet
# "$2" torch-transformer-poet/notebooks/install.py
# echo "Everything is installed. Restart the session now, and begin again at the top."
# exit 1

# %%
places = (Path(), Path(".."), Path("torch-transformer-poet"))
os.chdir(next(place for place in places if (place / "dvc.yaml").exists()))
# The commands of the project are beside the Python of this notebook.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
# git wants to know who makes a commit.
# !git config user.name >/dev/null || git config user.name poet
# !git config user.email >/dev/null || git config user.email poet@localhost
# !poet --version

# %% [markdown]
# ## Books
#
# The search forgives misspelling. Each number can be added by itself; a collection grows as often as you like.

# %%
# !poet search {SEARCH}

# %%
# !poet collection add {COLLECTION} {BOOKS}
# !poet collection show {COLLECTION}

# %% [markdown]
# Your own texts are a collection too: put the files into a folder below `data/own/`, and name the folder in
# `params.yaml` as the README says. Only what `!dvc add data/own/mine` was told of is kept by the last section.
#
# ## Train
#
# Below this cell, the curve grows while the model learns, with a piece of text after every validation. Interrupt the
# cell whenever you like; run it again, and the training goes on.

# %%
from poet.notebook.watch import watch

watch(f"dvc exp run -S 'build=[{COLLECTION}]' -S runtime.snapshot_seconds=10 {SETTINGS}")

# %% [markdown]
# ## Read
#
# Tinted words stand in a book. A tint has the number of its book; open the line below a text to see the place.

# %%
from IPython.display import display

from poet.notebook.texts import samples, trace, write

display(*samples(COLLECTION)[:3])

# %% [markdown]
# Let it write on. The same seed writes the same text again; with `max_copy=30`, it copies no more than 30 characters in
# one piece.

# %%
write("The ", COLLECTION, temperature=0.9, seed=7)

# %% [markdown]
# Any other text can be looked up in the books:

# %%
trace("It is a truth universally acknowledged, that a reader must be in want of a book.", COLLECTION)

# %% [markdown]
# The whole report, and the page that writes by itself, which is one file to send to a friend:

# %%
from poet.notebook.page import Page

Page(f"reports/{COLLECTION}/index.html")

# %%
Page(f"reports/{COLLECTION}/poet.html")

# %% [markdown]
# All trainings, the best first:

# %%
# !poet runs

# %% [markdown]
# ## How fast is this machine?
#
# The row goes to `reports/benchmarks`. Then `dvc repro` renders the reports again, which compare this machine with
# others.

# %%
# !poet benchmark --save --minutes {BENCHMARK_MINUTES}
watch("dvc repro")

# %% [markdown]
# ## Keep it
#
# Books, models and reports go to a folder that stays, and so does the project with its settings, in one file.

# %%
if "google.colab" in sys.modules:
    from google.colab import drive

    drive.mount("/content/drive")

# %% magic_args="-s \"{DRIVE}\"" language="bash"
# set -e
# mkdir -p "$1/files"
# dvc remote add --quiet --force --default drive "$1/files"
# poet remote check
# poet remote share
# dvc push --quiet --run-cache
# git add params.yaml dvc.lock reports data/own .dvc/config
# git commit --quiet --allow-empty --message "Built in a notebook"
# bundle="$1/poet.bundle"
# # A file that holds anything else than earlier states of this project is left as it is.
# if test -e "$bundle" && ! { git fetch --quiet "$bundle" HEAD && git merge-base --is-ancestor FETCH_HEAD HEAD; }; then
#   bundle="$1/poet-$(date +%Y-%m-%d-%H%M%S).bundle"
# fi
# git bundle create --quiet "$bundle" HEAD "$(git branch --show-current)"
# echo "the project is in $bundle"

# %% [markdown]
# In a later session, set `REPOSITORY` to the file that was named last (`/content/drive/MyDrive/poet/poet.bundle`), run
# the cell above that connects the drive, then begin at the top. In place of the training, this cell brings everything
# back:
#
# ```
# !dvc pull --run-cache --allow-missing
# ```

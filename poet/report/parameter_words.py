"""Parameters in plain words: the head of a column for each, and a line that says what the parameter does."""

from typing import NamedTuple


class Words(NamedTuple):
    """The head of a column, and what stands in it."""

    head: str
    meaning: str


# Parameters that a run has, by dotted key. One that is missing here is shown by its key.
PARAMETERS = {
    "model.preset": Words("family", "the parts that the model is made of: modern, or classic as in nanoGPT"),
    "model.n_layer": Words("layers", "blocks of the transformer, one after the other"),
    "model.n_head": Words("heads", "attention heads of each layer"),
    "model.n_embd": Words("width", "numbers that stand for one token inside the model"),
    "model.sequence_len": Words("context", "tokens that the model sees at once"),
    "model.n_kv_head": Words("key heads", "heads for keys and values; fewer than heads: queries share them"),
    "model.norm": Words("norm", "how each layer scales its input"),
    "model.positions": Words("positions", "how the model knows the order of tokens"),
    "model.activation": Words("activation", "the function inside each layer that is not linear"),
    "model.qk_norm": Words("query norm", "whether queries and keys are scaled before they are compared"),
    "model.bias": Words("bias", "whether layers add a constant"),
    "model.tied_head": Words("tied head", "whether reading and writing tokens share one table"),
    "model.init": Words("first weights", "what the output of each layer begins with"),
    "model.softcap": Words("softcap", "the limit that scores of tokens approach and never pass"),
    "model.dropout": Words("dropout", "share of the numbers that are set to zero at each training step"),
    "model.compression": Words("compression", "width of the middle layers over that of the first and last"),
    "model.yoke": Words("yoke", "a narrow layer that everything has to pass"),
    "tokenize.kind": Words("tokens", "how text is cut into tokens"),
    "tokenize.vocab_size": Words("vocabulary", "different tokens that the model knows"),
    "tokenize.max_ngram": Words("longest token", "characters of the longest token of ngram and bytegram"),
    "tokenize.min_frequency": Words("rarest token", "times that a piece of text must occur to become a token"),
    "tokenize.train_characters": Words("tokenizer text", "characters that the tokenizer was made from, at most"),
    "train.seed": Words("seed", "where the random numbers begin; runs that differ only here show the part of chance"),
    "train.init_from": Words("starts from", "the model whose weights and tokenizer it starts with; models/none: none"),
    "train.device": Words("device", "what it was trained on"),
    "train.precision": Words("precision", "the format of numbers in training"),
    "train.compile": Words("compiled", "whether the training was compiled, for speed"),
    "train.processes": Words("processes", "processes that trained together"),
    "train.shard": Words("sharded", "whether the processes divided the model among them"),
    "train.teacher_layers": Words("layers of each teacher", "blocks of the transformer, one after the other"),
    "train.teacher_heads": Words("heads of each teacher", "attention heads of each block"),
    "train.teacher_width": Words("width of each teacher", "numbers that stand for a token inside the model"),
    "train.teacher_steps": Words("steps of each teacher", "each sees one batch of text and is updated once"),
    "train.teachers": Words("teachers", "models that were trained first, from whose mean prediction this one learned"),
    "train.minutes": Words(
        "minutes", "the time for the training, which picked size, steps, teachers and dropout by itself"
    ),
    "train.steps": Words("steps", "training steps"),
    "train.batch_size": Words("batch", "sequences that it learned from at each step"),
    "train.accumulate": Words("parts", "parts in which each batch was computed, where memory is short"),
    "train.state_windows": Words("windows", "consecutive windows of a text in each batch, for a yoke with state"),
    "train.optimizer.kind": Words("optimizer", "the rule that changes the weights"),
    "train.optimizer.matrix_learning_rate": Words("rate, matrices", "learning rate of the layers, with Muon"),
    "train.optimizer.embedding_learning_rate": Words("rate, tokens", "learning rate of the table of tokens, with Muon"),
    "train.optimizer.head_learning_rate": Words("rate, head", "learning rate of the last layer, with Muon"),
    "train.optimizer.learning_rate": Words("rate", "learning rate, with AdamW"),
    "train.optimizer.weight_decay": Words("decay", "how fast unused weights shrink"),
    "train.optimizer.momentum": Words("momentum", "how long a step goes on in the direction of those before"),
    "train.optimizer.clip_norm": Words("clipped at", "the length at which gradients are cut; 0: never"),
    "train.warmup_steps": Words("warm-up", "steps over which the learning rate rises"),
    "train.cooldown": Words("cool-down", "share of the steps over which the learning rate falls to zero"),
    "train.validate_every": Words("validation", "steps between two measurements on text that it does not learn from"),
    "train.patience": Words("patience", "measurements without a better one after which it stops; 0: never"),
    "train.sample_prompt": Words("prompt", "what its samples during training begin with"),
    "train.sample_tokens": Words("sample", "tokens of its samples during training"),
    "split.validation": Words("kept out", "last share of every book that it is tested on and never learns from"),
    "split.held_out_books": Words("held-out books", "whole books that it never learns from"),
}

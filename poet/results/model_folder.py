"""The names of the files in a model's folder, `models/<collection>/`. `poet.model.saving` writes and reads them."""

# float32 weights in the safetensors format: the best of the training, which are the model, and those of its last step.
WEIGHTS = "model.safetensors"
LAST_WEIGHTS = "last.safetensors"

# The sizes of the model, its format version, and the hashes of the tokenizer and of the data it was trained on.
CONFIG = "config.json"

# A Hugging Face `tokenizers` file. A folder of tokens, `data/tokens/<collection>/`, holds the same file.
TOKENIZER = "tokenizer.json"

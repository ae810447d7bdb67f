"""After the call: the words, the notes, who gets them, and what people do with them later."""

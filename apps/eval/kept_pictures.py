"""Pictures for the report that are kept while rows are measured."""


class KeptPictures:
    """FOLDER/KEY.png: of rows by their key, of originals by the source's digest."""

    def __init__(self, folder):
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)

    def path(self, key):
        return self._folder / f"{key}.png"

    def add(self, key, image):
        image.save(self.path(key))

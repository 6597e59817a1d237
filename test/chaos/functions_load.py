"""Clients that upload inputs of functions, also over older ones, and remember each generation."""
import dataclasses

import content
import functions_content
import functions_setup as setup
import oracle
import worker as workers

NAMES = 8  # of a client, for each function


@dataclasses.dataclass(frozen=True)
class Input(oracle.Put):
    """`atoms` hold one number, and the size that its file has."""

    def version(self, generation):
        data = functions_content.input_of(self.atoms[0][0])
        return oracle.Version(generation, 1, self.atoms, self.content_type, self.metadata, content.md5_of(data),
                              content.crc32c_of(data))


class Target(oracle.Object):
    """An object that fires `function`."""

    def __init__(self, function, name):
        super().__init__(setup.BUCKET_OF[function], name, setup.BUCKET_OF[function] == setup.KEPT)
        self.function = function
        self.numbers = {}  # generation to the number of its content: all that weren't checked yet

    def acknowledged(self, operation, generation=None):
        super().acknowledged(operation, generation)
        if isinstance(operation, Input):
            self.numbers[generation] = operation.atoms[0][0]

    def checked(self):
        self.numbers, self.event_groups = {}, []


class Uploader(workers.Worker):
    def __init__(self, number, numbers):
        super().__init__(number, [], [], None, numbers)
        self.objects = [Target(function, f"{function}/client {number}/é{i}.csv")
                        for function in setup.BUCKET_OF for i in range(NAMES)]

    def step(self):
        target = self.rng.choice(self.objects)
        number = self.numbers.take()
        data = functions_content.input_of(number)
        put = Input(((number, len(data)),), "text/csv")
        self.record(target, put, lambda: self.client.upload_media(target.bucket, target.name, data, put.content_type))

import emoji


def f(data, context):
    print(emoji.emojize(":water_wave:"), data["name"])

import os

# onnxruntime's builds write a device number down and send how they are used to their maker, unless told not
# to before they are loaded. Every module here is imported after this.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

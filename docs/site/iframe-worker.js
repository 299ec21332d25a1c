// A browser starts no worker for a page that is opened from the file system. The search then runs in a hidden frame,
// which has what this site's search uses of a worker. (zensical looks for this file's name: without it, its pages would
// load a script for the same purpose from another host.)
if (location.protocol === "file:") {
  window.Worker = class {
    constructor(address) {
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.ready = new Promise((resolve, reject) => {
        this.frame.onload = () => {
          const inside = this.frame.contentWindow;
          // What the script takes for the way to the page that started it.
          inside.postMessage = (data) => this.onmessage?.(new MessageEvent("message", { data: structuredClone(data) }));
          const script = inside.document.createElement("script");
          script.src = new URL(address, location.href).href;
          script.onload = resolve;
          script.onerror = reject;
          inside.document.body.append(script);
        };
      });
      this.ready.catch((event) => this.onerror?.(event));
      document.documentElement.append(this.frame);
    }

    async postMessage(data) {
      await this.ready;
      const inside = this.frame.contentWindow;
      inside.dispatchEvent(new inside.MessageEvent("message", { data: inside.structuredClone(data) }));
    }

    terminate() {
      this.frame.remove();
    }
  };
}

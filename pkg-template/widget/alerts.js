// What may call a visitor back who looks elsewhere: a sound and the system's notifications, both off until switched on.

export class Alerts {
  #memory;
  #audio;
  #lastSound = 0;

  constructor(memory) {
    this.#memory = memory;
  }

  get sound() { return this.#memory.wants("sound"); }

  set sound(on) {
    this.#memory.want("sound", on);
    // Heard at once, and allowed from now on: browsers let only a visitor's own act start a sound.
    if (on) this.#play();
  }

  /** Whether this browser has notifications at all, and the visitor has not ruled them out. */
  get canNotify() {
    return typeof Notification === "function" && isSecureContext && Notification.permission !== "denied";
  }

  get notifications() {
    return this.canNotify && Notification.permission === "granted" && this.#memory.wants("notify");
  }

  /** Asks the visitor's leave where it is not given yet; resolves to what it has come to. */
  async setNotifications(on) {
    if (on && Notification.permission === "default") await Notification.requestPermission();
    this.#memory.want("notify", on && Notification.permission === "granted");
    return this.notifications;
  }

  /** Something came that the visitor may not have seen. `title` says what, never its text: others may see the screen. */
  call(title, show) {
    if (this.sound) this.#play();
    if (!this.notifications || !document.hidden) return;
    try {
      const notification = new Notification(title, { tag: "causerie-chat" });
      notification.onclick = () => {
        window.focus();
        show();
        notification.close();
      };
    } catch {
      // Some browsers let only service workers notify.
    }
  }

  #play() {
    const Audio = window.AudioContext;
    // However many messages come at once, it is one sound.
    if (!Audio || performance.now() - this.#lastSound < 1_000) return;
    this.#lastSound = performance.now();
    this.#audio ??= new Audio();
    const { currentTime, destination } = this.#audio;
    this.#audio.resume().catch(() => {});
    const tone = this.#audio.createOscillator();
    const volume = this.#audio.createGain();
    tone.frequency.setValueAtTime(660, currentTime);
    tone.frequency.setValueAtTime(880, currentTime + 0.09);
    volume.gain.setValueAtTime(0.08, currentTime);
    volume.gain.exponentialRampToValueAtTime(0.001, currentTime + 0.3);
    tone.connect(volume).connect(destination);
    tone.start(currentTime);
    tone.stop(currentTime + 0.3);
  }

  close() {
    this.#audio?.close().catch(() => {});
    this.#audio = undefined;
  }
}

// Handles over the live cells of a dashboard: what is moved here is written into the style of the
// cells at once, and told to the page when it is let go.
const GAP = 12;
const ROW = 136;
const COLUMNS = 24;
const QUIET = 350; // milliseconds after the last key, until the page is told
const STEPS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const kept = new WeakMap();

export default function (component) {
  const { data, parentElement } = component;
  let layer = kept.get(parentElement);
  if (!layer) {
    layer = new Layer(parentElement);
    kept.set(parentElement, layer);
  }
  layer.component = component;
  layer.whenReady(() => layer.show(data));
  return () => {
    layer.end();
    kept.delete(parentElement);
  };
}

class Layer {
  constructor(parent) {
    this.root = parent.querySelector(".arrange");
    this.said = parent.querySelector("[aria-live]");
    this.ended = false;
    this.serial = 0;
    this.onKey = (event) => this.undoKey(event);
    // What is pressed next may be the undo button: it has to know of the last keys.
    this.onPress = () => this.waiting && this.tell();
    document.addEventListener("keydown", this.onKey);
    document.addEventListener("pointerdown", this.onPress, true);
  }

  // The library comes in a component of its own, perhaps after this one.
  whenReady(then) {
    if (this.ended) return;
    if (window.GridStack) then();
    else setTimeout(() => this.whenReady(then), 20);
  }

  show(data) {
    // What the page says before it has heard of the last move is out of date.
    if (this.ended || this.held || this.waiting || data.serial < this.serial) return;
    this.serial = data.serial;
    this.words = data.words;
    const asked = JSON.stringify(data.widgets);
    if (asked !== this.asked) {
      this.asked = asked;
      if (!this.same(data.widgets)) this.build(data.widgets);
      this.label(data.widgets);
    }
    this.paint();
  }

  same(widgets) {
    if (!this.grid || this.grid.engine.nodes.length !== widgets.length) return false;
    return widgets.every((widget) => {
      const node = this.node(widget.id);
      return node && ["x", "y", "w", "h"].every((side) => node[side] === widget[side]);
    });
  }

  build(widgets) {
    const focused = document.activeElement?.getAttribute?.("gs-id");
    this.grid?.destroy(false);
    this.root.replaceChildren(...widgets.map((widget) => this.item(widget)));
    this.grid = window.GridStack.init(
      {
        column: COLUMNS,
        cellHeight: ROW + GAP,
        margin: GAP / 2,
        float: true,
        animate: false,
        resizable: { handles: "e,s,se,w,sw" },
      },
      this.root,
    );
    for (const event of ["dragstart", "resizestart"]) {
      this.grid.on(event, () => {
        this.held = true;
        this.follow();
      });
    }
    for (const event of ["dragstop", "resizestop"]) {
      this.grid.on(event, (_, item) => {
        this.held = false;
        this.paint();
        this.announce(item);
        this.tell();
      });
    }
    if (focused) this.root.querySelector(`[gs-id="${focused}"]`)?.focus();
  }

  item(widget) {
    const item = document.createElement("div");
    item.className = "grid-stack-item";
    for (const side of ["x", "y", "w", "h"]) item.setAttribute(`gs-${side}`, widget[side]);
    item.setAttribute("gs-id", widget.id);
    item.setAttribute("tabindex", "0");
    item.setAttribute("role", "application");
    item.addEventListener("keydown", (event) => this.move(event, item));
    const content = document.createElement("div");
    content.className = "grid-stack-item-content";
    item.append(content);
    return item;
  }

  label(widgets) {
    for (const { id, title } of widgets) {
      const item = this.root.querySelector(`[gs-id="${id}"]`);
      item?.setAttribute("aria-label", `${title}. ${this.words.keys}`);
    }
  }

  node(id) {
    return this.grid.engine.nodes.find((node) => node.id === id);
  }

  // Lets the live cells lie where the handles are; the one in hand follows the pointer.
  paint() {
    const inHand = this.root.querySelector(".ui-draggable-dragging, .ui-resizable-resizing");
    for (const node of this.grid.engine.nodes) {
      const cell = document.querySelector(`.st-key-cell_${node.id}`);
      if (!cell) continue;
      Object.assign(cell.style, {
        gridColumn: `${node.x + 1} / span ${node.w}`,
        gridRow: `${node.y + 1} / span ${node.h}`,
        transform: "",
        width: "",
        height: "",
        zIndex: "",
      });
      if (node.id !== inHand?.getAttribute("gs-id")) continue;
      const from = cell.getBoundingClientRect();
      const to = inHand.getBoundingClientRect();
      Object.assign(cell.style, {
        transform: `translate(${to.left + GAP / 2 - from.left}px, ${to.top + GAP / 2 - from.top}px)`,
        width: `${to.width - GAP}px`,
        height: `${to.height - GAP}px`,
        zIndex: "3",
      });
    }
  }

  follow() {
    if (!this.held || this.ended) return;
    this.paint();
    requestAnimationFrame(() => this.follow());
  }

  move(event, item) {
    const step = STEPS[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const { x, y, w, h } = item.gridstackNode;
    const [across, down] = step;
    const to = event.shiftKey
      ? { w: between(1, w + across, COLUMNS - x), h: between(1, h + down, 100) }
      : { x: between(0, x + across, COLUMNS - w), y: Math.max(0, y + down) };
    this.grid.update(item, to);
    this.paint();
    this.announce(item);
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.tell(), QUIET);
  }

  announce(item) {
    const { x, y, w, h } = item.gridstackNode;
    const values = { x: x + 1, y: y + 1, w, h };
    this.said.textContent = this.words.at.replace(/\{(\w)\}/g, (_, side) => values[side]);
  }

  tell() {
    clearTimeout(this.waiting);
    this.waiting = undefined;
    const places = this.grid.engine.nodes.map(({ id, x, y, w, h }) => ({ id, x, y, w, h }));
    this.serial += 1;
    this.component.setTriggerValue("moved", { serial: this.serial, places });
  }

  undoKey(event) {
    const writes = event.target.closest?.("input, textarea, [contenteditable]");
    if (writes || event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (this.waiting) this.tell();
    this.component.setTriggerValue(event.shiftKey ? "redo" : "undo", Date.now());
  }

  end() {
    this.ended = true;
    document.removeEventListener("keydown", this.onKey);
    document.removeEventListener("pointerdown", this.onPress, true);
    clearTimeout(this.waiting);
    this.grid?.destroy(false);
    for (const cell of document.querySelectorAll("[class*=st-key-cell_]")) {
      for (const name of ["gridColumn", "gridRow", "transform", "width", "height", "zIndex"]) {
        cell.style[name] = "";
      }
    }
  }
}

function between(least, value, most) {
  return Math.max(least, Math.min(value, most));
}
